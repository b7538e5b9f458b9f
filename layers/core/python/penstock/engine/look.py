"""What a user may see: jobs, their lines, the ledger, usage. Reads only."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import and_
from typing import Any

from penstock.domain.conditions import Condition, equals
from penstock.domain.errors import NotFound
from penstock.domain.item import Item, ItemStatus
from penstock.domain.job import Job, Status
from penstock.engine.parts import Parts

# A job's answer shows this many of its lines; the rest is read with `lines`.
MOST_SHOWN = 1_000
# Lines looked at in one read, and reads in one call, while a filter lets few through.
SPAN = 1_000
SPANS = 10

_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class JobFilter:
    """What a job must match; None matches all. `q` is part of the name, or the number."""

    status: Status | None = None
    kind: str | None = None
    tag: str | None = None
    q: str | None = None

    @property
    def condition(self) -> Condition | None:
        """What the table itself can test."""
        wanted = {"status": self.status, "kind": self.kind}
        tests = [equals(name, value) for name, value in wanted.items() if value is not None]
        return reduce(and_, tests) if tests else None

    @property
    def status_alone(self) -> Status | None:
        return self.status if not (self.kind or self.tag or self.q) else None

    def matches(self, labels: Mapping[str, Any]) -> bool:
        if self.tag is not None and self.tag not in (labels.get("tags") or ()):
            return False
        asked = (self.q or "").casefold().strip()
        return asked in labels["name"].casefold() or asked == str(labels["number"])


@dataclass(frozen=True)
class Inside:
    """What a job was asked for, and what it has made: at most MOST_SHOWN inputs and result ids, in the lines' order."""

    inputs: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    results: Sequence[str]


@dataclass(frozen=True)
class Line:
    """One line of a job. `item` is None where it was never claimed."""

    index: int
    input: Mapping[str, Any]
    status: ItemStatus
    item: Item | None


def job(parts: Parts, user: str, job_id: str) -> Job:
    found = parts.records.job(user, job_id) if _JOB_ID.fullmatch(job_id) else None
    if found is None or found.deleted_at:
        raise NotFound("There is no such job.")
    return found


def jobs(parts: Parts, user: str, wanted: JobFilter, page: int, limit: int) -> tuple[list[Job], int]:
    """One page, newest first, and how many there are in all. What its index is a moment late to know of is left out."""
    ids = job_ids(parts, user, wanted)
    found = parts.records.jobs_by_id(user, ids[(page - 1) * limit : page * limit])
    return [each for each in found if wanted.status in (None, each.status)], len(ids)


def job_ids(parts: Parts, user: str, wanted: JobFilter) -> list[str]:
    """Of all jobs that match, newest first. A status alone is answered from its index, which holds keys only."""
    if wanted.status_alone:
        return parts.records.job_ids_in(user, wanted.status_alone)
    labels = parts.records.job_labels(user, wanted.condition)
    return [each["job_id"] for each in labels if wanted.matches(each)]


def inside(parts: Parts, found: Job) -> Inside:
    last = min(found.total, MOST_SHOWN) - 1
    is_done = equals("status", ItemStatus.DONE)
    done = parts.records.items(found.job_id, 0, found.total - 1, is_done) if found.completed else ()
    results = (item.result for item in done if item.result)
    return Inside(
        parts.records.inputs(found.job_id, 0, last),
        parts.records.settings(found.job_id) or {},
        list(islice(results, MOST_SHOWN)),
    )


def lines(
    parts: Parts, found: Job, start: int, limit: int, status: ItemStatus | None = None
) -> tuple[list[Line], int | None]:
    """At most `limit` lines from line `start` on, and where to go on. With a filter there may be fewer, even none,
    before the end: one call looks at SPANS * SPAN lines."""
    kept: list[Line] = []
    for _ in range(SPANS):
        end = min(start + (SPAN if status else limit), found.total)
        kept += islice(_span(parts, found, start, end, status), limit - len(kept))
        if len(kept) == limit:
            start = kept[-1].index + 1
            break
        start = end
        if start >= found.total:
            break
    return kept, start if start < found.total else None


def _span(parts: Parts, found: Job, start: int, end: int, status: ItemStatus | None) -> Iterator[Line]:
    known = {item.index: item for item in parts.records.items(found.job_id, start, end - 1)} if start < end else {}
    shown = [(index, _status(found, known.get(index))) for index in range(start, end)]
    wanted = [(index, each) for index, each in shown if status in (None, each)]
    if not wanted:
        return
    first = wanted[0][0]
    inputs = parts.records.inputs(found.job_id, first, wanted[-1][0])
    for index, each in wanted:
        yield Line(index, inputs[index - first], each, known.get(index))


def _status(found: Job, item: Item | None) -> ItemStatus:
    """A failed line that a retry has reopened waits again."""
    if item is None:
        return ItemStatus.QUEUED
    reopened = item.status == ItemStatus.FAILED and item.run < found.retried_in
    return ItemStatus.QUEUED if reopened else item.status


def ledger(parts: Parts, user: str, limit: int, after: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
    """Rows, newest first, and the id of the last one where more may follow."""
    rows = parts.records.ledger(user, limit, after)
    return list(rows), rows[-1]["id"] if len(rows) == limit else None


def usage(parts: Parts, user: str, first_day: str, last_day: str) -> list[Mapping[str, Any]]:
    return list(parts.records.usage(user, first_day, last_day))
