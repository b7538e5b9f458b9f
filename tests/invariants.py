"""What must hold after every scenario. One function checks all of it; docs/reliability.md says it in prose.

I1 money adds up · I2 one end an item and run · I3 done means one readable result · I4 provider calls are bounded ·
I5 all ends when faults stop · I6 one claim a lane, and a stale fence changes nothing · I7 counters equal a recount ·
I8 nobody touches another user's jobs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from penstock.domain.account import Account
from penstock.domain.errors import NotFound, Refused
from penstock.domain.item import TERMINAL, Item, ItemStatus
from penstock.domain.job import NO_BUDGET, Job, PauseReason, Status
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Needs, Usage
from penstock.engine import control, settle
from penstock.engine.parts import Parts
from penstock.engine.work import LIMITED_IN_A_ROW
from penstock.store import keys
from tests.calls import Call
from tests.history import ENDINGS, History

STRANGER = "user-of-nothing"
MOST_STALE = 8


@dataclass(frozen=True)
class Evidence:
    """`past` is the stream's history, `calls` every call to a provider. `strict_lanes` is false where a message was
    taken from under its worker: lane order rests on the queue's group lock alone."""

    parts: Parts
    past: History
    calls: Sequence[Call] = ()
    strict_lanes: bool = True


class Witness(Protocol):
    def evidence(self) -> Evidence: ...


@dataclass(frozen=True)
class Holdings:
    """One job with its items; the finish step stands apart."""

    job: Job
    items: list[Item]
    finish: list[Item]

    @property
    def all(self) -> list[Item]:
        return [*self.items, *self.finish]


def check(witness: Witness | Evidence, user: str | None = None, *, ended: bool = False) -> None:
    """All invariants, for one user or for all. `ended`: the faults have stopped and all is quiet (I5)."""
    evidence = witness if isinstance(witness, Evidence) else witness.evidence()
    for each in sorted(evidence.past.users) if user is None else [user]:
        _user(evidence, each, ended)
    calls = [call for call in evidence.calls if user in (None, call.user)]
    _calls(evidence.parts, calls, evidence.past.breaks)
    if evidence.strict_lanes:
        _lanes(calls)


def _user(evidence: Evidence, user: str, ended: bool) -> None:
    parts, held = evidence.parts, _holdings(evidence.parts, user)
    for holdings in held:
        _counters(holdings)
        _results(parts, holdings)
        if ended:
            _ended(holdings)
    _money(parts, user, [item for holdings in held for item in holdings.items], evidence.past)
    _others_touch_nothing(parts, user, [holdings.job for holdings in held], evidence.past)


def _holdings(parts: Parts, user: str) -> list[Holdings]:
    jobs = map(Job.of, parts.table.query_all(keys.jobs(user)))
    return [_held(job, list(parts.records.items(job.job_id, 0, job.total))) for job in jobs]


def _held(job: Job, items: list[Item]) -> Holdings:
    lines = [item for item in items if item.index < job.total]
    return Holdings(job, lines, [item for item in items if item.index == job.total])


def _counters(held: Holdings) -> None:
    """I2, I7: the job's counters equal a recount of its items. That no item ends twice, its history says."""
    job, items = held.job, held.items
    found = Counter(item.status for item in items)
    reopened = sum(item.status == ItemStatus.FAILED and item.run < job.retried_in for item in items)
    running = [item for item in held.all if item.status == ItemStatus.RUNNING]
    recount = (found[ItemStatus.DONE], found[ItemStatus.FAILED] - reopened, found[ItemStatus.CANCELLED], len(running))
    assert (job.completed, job.failed, job.cancelled, job.running) == recount, job
    assert job.remaining == job.total - job.completed - job.failed - job.cancelled, job
    assert job.tokens_used == sum(item.charged_tokens for item in items), job
    assert job.articles_used == sum(item.charged_articles for item in items), job
    budget = NO_BUDGET if job.budget is None else job.budget
    assert job.budget_left == budget - job.cost - sum(item.reserved_cost for item in running), job
    idle = [item for item in held.all if item.status != ItemStatus.RUNNING]
    assert all(item.reserved == Needs() for item in idle), "a reservation is left"
    if job.status in (Status.COMPLETED, Status.FAILED) and job.expires_at is None:
        assert (job.remaining, job.running) == (0, 0), job


def _results(parts: Parts, held: Holdings) -> None:
    """I3: done if and only if there is one readable result, of the right user."""
    for item in held.items:
        assert (item.result is not None) == (item.status == ItemStatus.DONE), item
    results = {item.result for item in held.items if item.result}
    made = {each["id"]: each for each in parts.records.products(held.job.user, "ARTICLE", held.job.job_id)}
    assert set(made) == results, f"results of items that are not done, or none of items that are: {set(made) ^ results}"
    assert all(parts.files.get_product(each["body"]) for each in made.values()), made


def _money(parts: Parts, user: str, items: list[Item], past: History) -> None:
    """I1: balance + reserved + charged = granted, never below zero; the ledger sums to balance + reserved."""
    account = Account.of(parts.records.account(user) or {"user": user})
    if account.plan == "closed":
        return
    reserved, charged = (sum((getattr(item, name) for item in items), Needs()) for name in ("reserved", "charged"))
    charged += Needs(past.gone_tokens[user], past.gone_articles[user])
    assert min(account.tokens_remaining, account.articles_remaining) >= 0
    assert account.tokens_remaining + reserved.tokens + charged.tokens == account.tokens_granted
    assert account.articles_remaining + reserved.articles + charged.articles == account.articles_granted
    rows = list(parts.table.query_all(keys.ledger(user)))
    assert sum(row["tokens"] for row in rows) == account.tokens_remaining + reserved.tokens
    assert sum(row["articles"] for row in rows) == account.articles_remaining + reserved.articles


def _ended(held: Holdings) -> None:
    """I5: every item of a job that is over is terminal, nothing is reserved, and nothing waits but for its user."""
    job = held.job
    waits = job.status == Status.PAUSED and job.pause_reason != PauseReason.PROVIDER
    assert waits or job.status in ENDINGS, job
    assert job.running == 0, job
    assert all(item.reserved == Needs() for item in held.all), job
    if job.status in (Status.COMPLETED, Status.FAILED) and job.expires_at is None:
        assert {item.status for item in held.all} <= TERMINAL, job
        assert len(held.items) == job.total, job


def _calls(parts: Parts, calls: Iterable[Call], breaks: int) -> None:
    """I4: no call for an item that is settled, nor for a step that is stored; as many as there are tries, and of those
    that a provider limited no more than are allowed in a row for each. A fault that shows its provider to be down is
    no try: of those, no more than in a row each time that a breaker did something."""
    tried: Counter[Any] = Counter()
    faulty: Counter[Any] = Counter()
    limited: Counter[Any] = Counter()
    for call in calls:
        assert call.status not in TERMINAL, f"a call for an item that is settled: {call}"
        assert not call.stored, f"a call for a step that is stored: {call}"
        counter = limited if call.limited else faulty if call.faulty else tried
        counter[(call.job_id, call.index, call.stage, call.run, call.step)] += 1
    most = max((kind.max_tries for kind in parts.kinds), default=0)
    assert not {place: times for place, times in tried.items() if times > most}, tried
    assert not {place: times for place, times in limited.items() if times > most * LIMITED_IN_A_ROW}, limited
    forgiven = breaks * LIMITED_IN_A_ROW
    assert not {place: times for place, times in faulty.items() if tried[place] + times > most + forgiven}, faulty


def _lanes(calls: Sequence[Call]) -> None:
    """I6: no call begins while another worker in the same lane is in one of its own and within its lease."""
    for call in calls:
        for other in calls:
            during = other.began < call.began and (other.ended is None or call.began < other.ended)
            if during and other.group == call.group and other.fence != call.fence:
                assert other.ended is None or other.lease_until < call.at, f"two claims in one lane: {other} and {call}"


def _others_touch_nothing(parts: Parts, user: str, jobs: list[Job], past: History) -> None:
    """I6, I8: neither an old fence nor another user changes anything."""
    before = _images(parts, user, jobs)
    for job in jobs:
        for fence, image in _stale(job, past):
            outcome = settle.Outcome(Usage(), Usage(), "", 0.0)
            settlement = settle.held(_message(job, image), fence, Needs(), parts.clock(), 1.0)
            refused = settle.failed(parts, settlement, Refused("An old fence."), outcome)
            assert refused is not None, f"the fence {fence} still settles {image}"
        for action in _ACTIONS:
            with pytest.raises(NotFound):
                action(parts, STRANGER, job.job_id)
    assert _images(parts, user, jobs) == before


_ACTIONS: tuple[Callable[[Parts, str, str], object], ...] = (
    control.pause,
    control.resume,
    control.cancel,
    control.retry,
    control.delete,
    control.edit,
)


def _stale(job: Job, past: History) -> list[tuple[str, Any]]:
    """Fences of claims that are over, with an image from their time: some of them, evenly."""
    found = [
        (fence, image)
        for (job_id, _), fences in past.fences.items()
        if job_id == job.job_id
        for fence, image in _over(fences)
    ]
    return found[:: max(1, len(found) // MOST_STALE)]


def _over(fences: dict[str, Any]) -> list[tuple[str, Any]]:
    newest = next(reversed(fences))
    running = fences[newest]["status"] == ItemStatus.RUNNING
    return [(fence, image) for fence, image in fences.items() if fence != newest or not running]


def _message(job: Job, image: Any) -> ItemMessage:
    return ItemMessage(
        user=job.user,
        job_id=job.job_id,
        kind=job.kind,
        index=image["index"],
        stage=image["stage"],
        run=image["run"],
        retried_in=job.retried_in,
        total=job.total,
    )


def _images(parts: Parts, user: str, jobs: list[Job]) -> list[Any]:
    """Every record of the user and of the user's jobs."""
    stretches = [keys.whole_job(job.job_id) for job in jobs]
    account = keys.Range(keys.jobs(user).partition, " ", "\uffff")
    return [image for stretch in (account, *stretches) for image in parts.table.query_all(stretch)]
