"""Settles an item: one transaction that moves its state, the job's counters, the money and the record of what was
made.

All that a settle tests is that the item is still running under the claim's fence: not the job's status or run, not the
lease. Work done is work paid. Ledger and usage rows ride in the same transaction.
"""

import logging
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from penstock.domain.conditions import EXISTS, Condition, Image
from penstock.domain.errors import PenstockError, Stopped
from penstock.domain.item import Item, ItemStatus, mine, product_id
from penstock.domain.job import Job, change
from penstock.domain.kind import Product
from penstock.domain.ledger import Entry, entry
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Needs, Usage
from penstock.domain.writes import AccountOf, ItemOf, JobOf, ProductOf, Put, Refusal, Update, UsageOf, Write
from penstock.engine.parts import Parts

log = logging.getLogger(__name__)

NOTHING_RESERVED: Mapping[str, Any] = dict.fromkeys(
    ("reserved_tokens", "reserved_articles", "reserved_cost", "lease_until"), 0
)
# Upper bounds of the latency histogram kept in the usage rows, in seconds; the last bucket has none.
LATENCY_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300)


@dataclass(frozen=True)
class Outcome:
    """What an item's work came to. `usage` is all it took, replayed steps too: the user's charge. `billed` is what
    providers bill for that has not been booked yet, failures included. `seconds` is how long the worker took."""

    usage: Usage
    billed: Usage
    written_by: str
    seconds: float


@dataclass(frozen=True)
class Settlement:
    """One item on its way out of `running`. `held` is the condition that proves the right to settle it; `charged` is
    what its earlier stages were charged."""

    user: str
    job_id: str
    index: int
    kind: str
    model: str
    held: Condition
    reserved: Needs
    now: int
    charged: Needs = field(default_factory=Needs)
    was_running: bool = True
    patience: float = 5.0

    @property
    def job(self) -> JobOf:
        return JobOf(self.user, self.job_id)

    def item_becomes(self, status: ItemStatus, *, add: Mapping[str, int] | None = None, **fields: Any) -> Update:
        state = {**NOTHING_RESERVED, "status": status, "updated_at": self.now, **fields}
        return Update(ItemOf(self.job_id, self.index), self.held, set=state, add=add or {})

    def job_counts(self, add: Mapping[str, int], spent: int = 0, when: Condition = EXISTS, **fields: Any) -> Update:
        """`spent` (micro-dollars) goes to the job's cost and off its budget, whatever became of the item."""
        counters = {"running": -int(self.was_running), "budget_left": self.reserved.cost - spent, "cost": spent}
        return change(self.job, self.now, when, set=fields, add={**counters, **add})

    def account_gets(self, amount: Needs, totals: Mapping[str, int] | None = None) -> Update:
        balance = {"tokens_remaining": amount.tokens, "articles_remaining": amount.articles}
        return Update(AccountOf(self.user), EXISTS, add=balance | dict(totals or {}))

    def ledger(self, parts: Parts, what: Entry, amount: Needs) -> Put:
        about = {"job_id": self.job_id, "index": self.index, "kind": self.kind}
        return entry(self.user, parts.new_id(), self.now, what, amount, about)

    def commit(self, parts: Parts, writes: Sequence[Write]) -> Refusal | None:
        return parts.table.transact(writes, self.patience)

    def usage(self, outcome: Outcome, result: str) -> Update:
        """One more in the day's row: `result` is items_done, items_failed or stages_done."""
        day = datetime.fromtimestamp(self.now / 1000, UTC).date().isoformat()
        bucket = bisect_left(LATENCY_BUCKETS, outcome.seconds)
        used = outcome.billed
        counts = {"input_tokens": used.input, "output_tokens": used.output, "cost": used.cost, "calls": used.calls}
        labels = {"day": day, "kind": self.kind, "model": self.model}
        return Update(
            UsageOf(self.user, day, self.kind, self.model),
            add={result: 1, f"latency_{bucket}": 1} | counts,
            first=labels,
        )


def held(message: ItemMessage, fence: str, reserved: Needs, now: int, patience: float) -> Settlement:
    """Of a worker's own claim. `patience` (seconds) is how long the settle may wait for a busy table: work done is
    work paid."""
    place = (message.user, message.job_id, message.index, message.kind, message.model)
    return Settlement(*place, mine(fence), reserved, now, patience=patience)


def found(job: Job, item: Item, condition: Condition, now: int) -> Settlement:
    """Of an item as it was read: `condition` must hold it to what was seen, for the amounts were read before."""
    running = item.status == ItemStatus.RUNNING
    place = (job.user, job.job_id, item.index, job.kind, job.model)
    return Settlement(*place, condition, item.reserved, now, charged=item.charged, was_running=running)


def done(parts: Parts, settlement: Settlement, product: Product | None, outcome: Outcome, fence: str) -> Refusal | None:
    """The last stage ended well. The body is stored first, under a name that no other claim writes to; where the settle
    is refused it goes again, for nothing else would ever delete it."""
    used = _charge(settlement, outcome)
    product_of, body, puts = _product(parts, settlement, product, outcome, fence)
    counts = {"completed": 1, "remaining": -1, "settled": 1} | _spent(used)
    totals = {"items_done": 1, "cost": outcome.billed.cost} | _spent(used)
    refusal = settlement.commit(
        parts,
        [
            settlement.item_becomes(
                ItemStatus.DONE, add=_booked(used, outcome), result=product_of, error=None, limited=0
            ),
            settlement.job_counts(counts, outcome.billed.cost),
            settlement.account_gets(settlement.reserved - used, totals),
            settlement.ledger(parts, Entry.CHARGE, Needs() - used),
            settlement.usage(outcome, "items_done"),
            *puts,
        ],
    )
    if refusal and body and not _ended_by(fence, refusal.images[0]):
        parts.files.delete(body)
    return refusal


def _ended_by(fence: str, item: Image | None) -> bool:
    """The settle had committed before, and only its answer was lost."""
    return item is not None and item.get("fence") == fence and item["status"] == ItemStatus.DONE


def _charge(settlement: Settlement, outcome: Outcome) -> Needs:
    """Never more than was reserved: an excess is ours, logged so that the ceiling gets mended."""
    used, ceiling = outcome.usage.tokens, settlement.reserved.tokens
    if used > ceiling:
        log.error("usage above the reservation", extra={"job": settlement.job_id, "used": used, "reserved": ceiling})
    return Needs(used, settlement.reserved.articles).within(settlement.reserved)


def _spent(used: Needs) -> dict[str, int]:
    """As job and account count it."""
    return {"tokens_used": used.tokens, "articles_used": used.articles}


def _booked(used: Needs, outcome: Outcome) -> dict[str, int]:
    """As the item keeps it."""
    return {"charged_tokens": used.tokens, "charged_articles": used.articles, "cost": outcome.billed.cost}


def _product(
    parts: Parts, settlement: Settlement, product: Product | None, outcome: Outcome, fence: str
) -> tuple[str | None, str | None, list[Update]]:
    """The record's id, the body's name, and the write of the record."""
    if product is None:
        return None, None, []
    user, name = settlement.user, product.id or product_id(settlement.job_id, settlement.index)
    body = parts.files.put_product(user, product.collection, name, fence, product.body)
    origin = {"id": name, "job_id": settlement.job_id, "index": settlement.index, "body": body}
    made = {"written_by": outcome.written_by, "tokens_used": outcome.usage.tokens, "cost": outcome.usage.cost}
    record = {**product.fields, **origin, **made, "updated_at": settlement.now}
    first = {"created_at": settlement.now}
    write = Update(ProductOf(user, product.collection, name), set=record, add={"version": 1}, first=first)
    return name, body, [write]


def stage_done(parts: Parts, settlement: Settlement, stage: int, outcome: Outcome) -> Refusal | None:
    """A stage that is not the last: charged, and back to the queue at the next one."""
    used = _charge(settlement, outcome)
    totals = {"cost": outcome.billed.cost} | _spent(used)
    return settlement.commit(
        parts,
        [
            settlement.item_becomes(ItemStatus.QUEUED, add=_booked(used, outcome), stage=stage + 1, tries=0, limited=0),
            settlement.job_counts(_spent(used), outcome.billed.cost),
            settlement.account_gets(settlement.reserved - used, totals),
            settlement.ledger(parts, Entry.CHARGE, Needs() - used),
            settlement.usage(outcome, "stages_done"),
        ],
    )


def failed(
    parts: Parts,
    settlement: Settlement,
    error: PenstockError,
    outcome: Outcome,
    *,
    when: Condition = EXISTS,
    **fields: Any,
) -> Refusal | None:
    """Failed for good (or cancelled, for Stopped): a user never pays for it, nor for its earlier stages."""
    stopped = isinstance(error, Stopped)
    status, counter = (ItemStatus.CANCELLED, "cancelled") if stopped else (ItemStatus.FAILED, "failed")
    reason = {"code": error.reason, "message": error.message}
    refund = settlement.charged
    given_back = _spent(Needs() - refund)
    counts = {counter: 1, "remaining": -1, "settled": 1} | given_back
    result = "items_cancelled" if stopped else "items_failed"
    totals = {result: 1, "cost": outcome.billed.cost} | given_back
    uncharged = {"charged_tokens": 0, "charged_articles": 0, "error": reason}
    return settlement.commit(
        parts,
        [
            settlement.item_becomes(status, add={"cost": outcome.billed.cost}, **uncharged, **fields),
            settlement.job_counts(counts, outcome.billed.cost, when),
            settlement.account_gets(settlement.reserved + refund, totals),
            settlement.ledger(parts, Entry.REFUND if refund != Needs() else Entry.NOT_CHARGED, refund),
            settlement.usage(outcome, result),
        ],
    )
