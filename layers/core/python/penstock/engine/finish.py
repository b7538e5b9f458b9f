"""Settles the finish step of a kind that has one: item n, outside the counters, and the job's end in one
transaction. A user is not charged for it; what it costs is the job's."""

from dataclasses import dataclass
from typing import Any

from penstock.domain.conditions import EXISTS, Condition, equals
from penstock.domain.errors import PenstockError
from penstock.domain.item import ItemStatus
from penstock.domain.job import Status, current, ended
from penstock.domain.writes import Refusal
from penstock.engine.parts import Parts
from penstock.engine.settle import Outcome, Settlement


@dataclass(frozen=True)
class Finish:
    """The step's settlement in run `run`, and what its work came to."""

    settlement: Settlement
    run: int
    outcome: Outcome


def finish_done(parts: Parts, finish: Finish) -> Refusal | None:
    """The job ends with its finish step. If it was paused or cancelled meanwhile, the step waits for the next run."""
    job = parts.records.job(finish.settlement.user, finish.settlement.job_id)
    return _end(parts, finish, ItemStatus.DONE, job.verdict if job else Status.COMPLETED, None)


def finish_failed(parts: Parts, finish: Finish, error: PenstockError) -> Refusal | None:
    """Failed for good: so is the job, and a retry begins with the finish step again."""
    return _end(parts, finish, ItemStatus.FAILED, Status.FAILED, error)


def _end(
    parts: Parts, finish: Finish, item: ItemStatus, verdict: Status, error: PenstockError | None
) -> Refusal | None:
    text = f"The last step failed: {error.message}" if error else None
    fields = ended(verdict, finish.settlement.now, parts.kinds[finish.settlement.kind].retention)
    fields |= {"finish_failed": error is not None, "error_message": text}
    reason = {"code": error.reason, "message": error.message} if error else None
    when = current(finish.run) & equals("remaining", 0)
    refusal = _commit(parts, finish, item, reason, finish.outcome.billed.cost, when, **fields)
    if refusal and refusal.failed[1] and not refusal.failed[0]:
        return _commit(
            parts, finish, ItemStatus.QUEUED, None, 0, EXISTS
        )  # its stored steps are booked when they end it
    return refusal


def _commit(
    parts: Parts,
    finish: Finish,
    item: ItemStatus,
    error: dict[str, str] | None,
    spent: int,
    when: Condition,
    **fields: Any,
) -> Refusal | None:
    settlement = finish.settlement
    place = {"user": settlement.user, "job_id": settlement.job_id, "index": settlement.index}
    state = {**place, "stage": 0, "run": finish.run, "tries": 0, "error": error}
    return settlement.commit(
        parts,
        [
            settlement.item_becomes(item, add={"cost": spent}, **state),
            settlement.job_counts({}, spent, when, **fields),
            settlement.account_gets(settlement.reserved, {"cost": spent}),
            settlement.usage(finish.outcome, "jobs_finished"),
        ],
    )
