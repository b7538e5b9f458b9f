"""Settles the finish step of a kind that has one: item n, outside the counters, and the job's end in one
transaction."""

from collections.abc import Mapping
from typing import Any

from penstock.domain.conditions import EXISTS, Condition, equals
from penstock.domain.errors import PenstockError
from penstock.domain.item import ItemStatus
from penstock.domain.job import Status, current, ended
from penstock.domain.writes import Refusal, Write
from penstock.engine.parts import Parts
from penstock.engine.settle import Settlement


def finish_done(parts: Parts, settlement: Settlement, run: int) -> Refusal | None:
    """The job ends with its finish step. If it was paused or cancelled meanwhile, the step is done again in the next
    run."""
    job = parts.records.job(settlement.user, settlement.job_id)
    verdict = job.verdict if job else Status.COMPLETED
    return _end(parts, settlement, ItemStatus.DONE, verdict, run)


def finish_failed(parts: Parts, settlement: Settlement, run: int, error: PenstockError) -> Refusal | None:
    """Failed for good: so is the job, and a retry begins with the finish step again."""
    text = f"The last step failed: {error.message}"
    reason = {"code": error.reason, "message": error.message}
    return _end(parts, settlement, ItemStatus.FAILED, Status.FAILED, run, error=reason, text=text)


def _end(
    parts: Parts,
    settlement: Settlement,
    item: ItemStatus,
    verdict: Status,
    run: int,
    *,
    error: dict[str, str] | None = None,
    text: str | None = None,
) -> Refusal | None:
    ends = ended(verdict, settlement.now, parts.kinds[settlement.kind].retention)
    fields = ends | {"finish_failed": error is not None, "error_message": text}
    when = current(run) & equals("remaining", 0)
    refusal = _commit(parts, settlement, item, error, when, fields)
    if refusal and refusal.failed[1] and not refusal.failed[0]:
        return _commit(parts, settlement, ItemStatus.QUEUED, None, EXISTS, {})
    return refusal


def _commit(
    parts: Parts,
    settlement: Settlement,
    item: ItemStatus,
    error: dict[str, str] | None,
    when: Condition,
    fields: Mapping[str, Any],
) -> Refusal | None:
    writes: list[Write] = [
        settlement.item_becomes(item, error=error, tries=0),
        settlement.job_counts({}, 0, when, **fields),
        settlement.account_gets(settlement.reserved),
    ]
    return settlement.commit(parts, writes)
