"""Lets an item go without an end: given back for another try, put back as if it had not been tried, or taken out of a
job that stands still. What it reserved stays with it only where the next delivery is to take it over."""

from collections.abc import Mapping
from typing import Any

from penstock.domain.conditions import EXISTS, Condition, equals
from penstock.domain.item import Item, ItemStatus, abandoned
from penstock.domain.job import Job, PauseReason, Status, change, current
from penstock.domain.quota import Usage
from penstock.domain.writes import AccountOf, ItemOf, Refusal, Update, Write
from penstock.engine.parts import Parts
from penstock.engine.settle import Settlement, found


def release(parts: Parts, job: Job, item: Item, now: int) -> bool:
    """Takes an abandoned item out of a job that stands still: back to the queue, or cancelled with its job. The
    reservation returns. False where item or job have changed meanwhile."""
    settlement = found(job, item, abandoned(item.fence, now), now)
    cancelled = job.status == Status.CANCELLED and item.index < job.total
    counts = {"cancelled": 1, "remaining": -1, "settled": 1} if cancelled else {}
    status = ItemStatus.CANCELLED if cancelled else ItemStatus.QUEUED
    writes = [
        settlement.item_becomes(status),
        settlement.job_counts(counts, when=EXISTS & equals("status", job.status)),
        settlement.account_gets(item.reserved),
    ]
    return settlement.commit(parts, writes) is None


def put_back(parts: Parts, settlement: Settlement, lost: Usage) -> Refusal | None:
    """The worker's own item, back to the queue as if it had not been tried. `lost` was paid for and is not stored."""
    return settlement.commit(parts, _put_back(settlement, lost, EXISTS))


def pause_for_provider(
    parts: Parts, settlement: Settlement, run: int, lost: Usage, resume_at: int, text: str, breaker: str | None
) -> Refusal | None:
    """As `put_back`, and the job waits for the provider until `resume_at` (milliseconds), or until that `breaker`
    closes."""
    paused = {"status": Status.PAUSED, "pause_reason": PauseReason.PROVIDER, "resume_at": resume_at}
    fields = {**paused, "error_message": text, "breaker": breaker}
    return settlement.commit(parts, _put_back(settlement, lost, current(run), **fields))


def _put_back(settlement: Settlement, lost: Usage, when: Condition, **fields: Any) -> list[Write]:
    return [
        settlement.item_becomes(ItemStatus.QUEUED, add={"tries": -1, "cost": lost.cost}, limited=0),
        settlement.job_counts({}, lost.cost, when, **fields),
        settlement.account_gets(settlement.reserved, {"cost": lost.cost}),
    ]


def give_back(
    parts: Parts, settlement: Settlement, lost: Usage, add: Mapping[str, int], **fields: Any
) -> Refusal | None:
    """The item keeps its reservation; its lease ends now, so that the next delivery may take it over."""
    over = {"lease_until": 0, "updated_at": settlement.now, **fields}
    item = Update(
        ItemOf(settlement.job_id, settlement.index), settlement.held, set=over, add={**add, "cost": lost.cost}
    )
    if not lost.cost:
        return settlement.commit(parts, [item])
    spent = {"cost": lost.cost, "budget_left": -lost.cost}
    account = Update(AccountOf(settlement.user), EXISTS, add={"cost": lost.cost})
    return settlement.commit(parts, [item, change(settlement.job, settlement.now, EXISTS, add=spent), account])
