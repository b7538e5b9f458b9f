"""What a batch of the table's stream says, in the domain's words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from penstock.domain.changes import Change, ItemChanged, JobChanged, Unreadable
from penstock.domain.item import Item
from penstock.domain.job import Job
from penstock.store.expressions import decode


def read(records: Iterable[Mapping[str, Any]]) -> list[Change]:
    """One change for each job, one for each item record with an image; other records are left out."""
    jobs: dict[str, JobChanged] = {}
    others: list[Change] = []
    for record in records:
        change = record["dynamodb"]
        try:
            _take(change, jobs, others)
        except Exception as error:  # noqa: BLE001 - whoever follows it raises it
            others.append(Unreadable(change["SequenceNumber"], error))
    return [*jobs.values(), *others]


def _take(change: Mapping[str, Any], jobs: dict[str, JobChanged], others: list[Change]) -> None:
    sort_key = change["Keys"]["sk"]["S"]
    if sort_key.startswith("JOB#"):
        key = change["Keys"]["pk"]["S"] + sort_key
        jobs[key] = _joined(jobs.get(key), change)
    elif sort_key.startswith("ITEM#") and "NewImage" in change:
        others.append(ItemChanged(change["SequenceNumber"], Item.of(decode(change["NewImage"]))))


def _joined(earlier: JobChanged | None, change: Mapping[str, Any]) -> JobChanged:
    before, after = _job(change.get("OldImage")), _job(change.get("NewImage"))
    if earlier:
        return replace(earlier, before=earlier.before or before, after=after)
    return JobChanged(change["SequenceNumber"], before, after)


def _job(image: Mapping[str, Any] | None) -> Job | None:
    return Job.of(decode(image)) if image else None
