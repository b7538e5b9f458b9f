"""What a batch of the table's stream says, in the domain's words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from penstock.domain.changes import Change, ItemChanged, JobChanged
from penstock.domain.item import Item
from penstock.domain.job import Job
from penstock.store.expressions import decode


def read(records: Iterable[Mapping[str, Any]]) -> list[Change]:
    """One change for each job, one for each item record with an image; other records are left out."""
    jobs: dict[str, JobChanged] = {}
    items: list[ItemChanged] = []
    for record in records:
        change = record["dynamodb"]
        sort_key = change["Keys"]["sk"]["S"]
        if sort_key.startswith("JOB#"):
            key = change["Keys"]["pk"]["S"] + sort_key
            jobs[key] = _joined(jobs.get(key), change)
        elif sort_key.startswith("ITEM#") and "NewImage" in change:
            items.append(ItemChanged(change["SequenceNumber"], Item.of(decode(change["NewImage"]))))
    return [*jobs.values(), *items]


def _joined(earlier: JobChanged | None, change: Mapping[str, Any]) -> JobChanged:
    after = _job(change.get("NewImage"))
    if earlier:
        return replace(earlier, after=after)
    return JobChanged(change["SequenceNumber"], _job(change.get("OldImage")), after)


def _job(image: Mapping[str, Any] | None) -> Job | None:
    return Job.of(decode(image)) if image else None
