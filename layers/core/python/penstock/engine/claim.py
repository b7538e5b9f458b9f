"""Claims an item for a worker: one transaction, no reads. If it is refused, the old images say what to do instead.

The verdict goes by the same conditions that were refused, in the order job, item, account: the other order would pause
a job for want of its own reservation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.account import can_pay, short_of
from penstock.domain.conditions import EXISTS, NEW, Condition, Image, at_least, equals, less
from penstock.domain.item import RUNNING, Item, abandoned, claimable, expired, queued_at, reopened
from penstock.domain.job import Job, PauseReason, Status, change, current, unexpired
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Needs
from penstock.domain.writes import AccountOf, Check, ItemOf, JobOf, Refusal, Update, Write
from penstock.engine.parts import Parts
from penstock.engine.release import release

# A claim that is refused for reasons which are gone again when acted upon; then the message simply comes back.
ROUNDS = 6


@dataclass(frozen=True)
class Claim:
    """What a worker holds: `fence` proves it, `reserved` is what it may charge. `may_call` is false once the tries are
    used up. `untouched`: nobody had the item before, so no step of it can be stored."""

    message: ItemMessage
    fence: str
    reserved: Needs
    may_call: bool = True
    untouched: bool = False


@dataclass(frozen=True)
class Done:
    """Nothing is left to do for this message: acknowledge it. `why` is for the log."""

    why: str


@dataclass(frozen=True)
class Later:
    """The message must come back after `seconds`; None leaves it to the queue's visibility timeout."""

    seconds: float | None
    why: str


Verdict = Claim | Done | Later


@dataclass(frozen=True)
class Attempt:
    """One worker's attempt to claim: `needs` is the ceiling it asks for, `lease_until` the end of its own time."""

    message: ItemMessage
    needs: Needs
    fence: str
    lease_until: int
    max_tries: int


def claim(parts: Parts, attempt: Attempt) -> Verdict:
    """Begins with the variant of the straight path, an item that nobody had before; the old image chooses another."""
    variants = _variants(attempt.message)
    variant = variants[0]
    for _ in range(ROUNDS):
        now = parts.clock()
        refusal = parts.table.transact(_claim_writes(attempt, now, variant))
        if refusal is None:
            return Claim(attempt.message, attempt.fence, attempt.needs, untouched=variant.when == NEW)
        fitting = next((each for each in variants if each.when.holds(refusal.images[1])), variant)
        if refusal.failed[1] and fitting != variant:
            variant = fitting
            continue
        verdict = _judge(parts, attempt, refusal, now)
        if verdict:
            return verdict
    return Later(1.0, "the records changed at every look")


def _startable(message: ItemMessage, now: int) -> Condition:
    """The job part of a claim, but for the budget."""
    alive = current(message.run) & unexpired(now)
    return alive & equals("remaining", 0) if message.is_finish else alive


@dataclass(frozen=True)
class Variant:
    """One way in which an item can be claimable, and what its claim does to the count of tries."""

    when: Condition
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)


def _variants(message: ItemMessage) -> list[Variant]:
    """Of a reopened item the tries begin anew, and what it was charged once was given back."""
    anew = {"tries": 1, "limited": 0, "charged_tokens": 0, "charged_articles": 0, "error": None, "result": None}
    untouched = [Variant(NEW, set={"tries": 1})] if message.stage == 0 else []
    again = [Variant(reopened(message), set=anew)] if message.reopens and message.stage == 0 else []
    return [*untouched, Variant(queued_at(message.stage), add={"tries": 1}), *again]


def _claim_writes(attempt: Attempt, now: int, variant: Variant) -> list[Write]:
    message, needs = attempt.message, attempt.needs
    when = _startable(message, now)
    if not message.is_finish:  # which reserves nothing, and must not wait for a budget that the lines overdrew
        when &= at_least("budget_left", needs.cost)
    started = {"status": Status.PROCESSING, "stalls": 0, "last_activity_at": now}
    counters = {"running": 1, "budget_left": -needs.cost}
    job = change(JobOf(message.user, message.job_id), now, when, set=started, add=counters, first={"started_at": now})
    payment = {"tokens_remaining": -needs.tokens, "articles_remaining": -needs.articles}
    account = Update(AccountOf(message.user), can_pay(needs), add=payment)
    return [job, _item_claim(attempt, now, variant), account]


def _item_claim(attempt: Attempt, now: int, variant: Variant) -> Update:
    message, needs = attempt.message, attempt.needs
    fields = {
        "user": message.user,
        "job_id": message.job_id,
        "index": message.index,
        "status": "running",
        "stage": message.stage,
        "fence": attempt.fence,
        "lease_until": attempt.lease_until,
        "run": message.run,
        "reserved_tokens": needs.tokens,
        "reserved_articles": needs.articles,
        "reserved_cost": needs.cost,
        "updated_at": now,
    }
    return Update(ItemOf(message.job_id, message.index), variant.when, set={**fields, **variant.set}, add=variant.add)


def _judge(parts: Parts, attempt: Attempt, refusal: Refusal, now: int) -> Verdict | None:
    """None: what was found has changed meanwhile; claim again."""
    job, item, account = refusal.images
    if refusal.failed[0]:
        if job is None:
            return Done("the job is gone")
        if not _startable(attempt.message, now).holds(job):
            return _judge_outdated(parts, attempt.message, Job.of(job), item, now)
    if refusal.failed[1]:
        return _judge_item(parts, attempt, item, now)
    return _pause_for_quota(parts, attempt, budget=refusal.failed[0], account=account, now=now)


def _judge_outdated(parts: Parts, message: ItemMessage, job: Job, image: Image | None, now: int) -> Verdict | None:
    """The job is paused, ended, or in another run. A reservation that nobody holds any more goes back."""
    if not RUNNING.holds(image) or image is None:
        return Done(f"the job is {job.status} in run {job.run}")
    if expired(now).holds(image):
        return Done("released an item of a job that stands still") if release(parts, job, Item.of(image), now) else None
    if image["run"] == message.run:
        return Later((image["lease_until"] - now) / 1000, "another worker holds the item")
    return Done("a message of a past run")


def _judge_item(parts: Parts, attempt: Attempt, image: Image | None, now: int) -> Verdict | None:
    if not RUNNING.holds(image) or image is None or image["stage"] != attempt.message.stage:
        return Done("the item is settled, or at another stage")
    item = Item.of(image)
    if not expired(now).holds(image):
        return Later((item.lease_until - now) / 1000, "another worker holds the item")
    return _take_over(parts, attempt, item, now)


def _take_over(parts: Parts, attempt: Attempt, item: Item, now: int) -> Claim | None:
    """Its worker crashed or gave it back: a new fence, one more try, the same reservation. With the tries used up,
    stored steps may still be replayed and settled."""
    message = attempt.message
    fields = {"fence": attempt.fence, "lease_until": attempt.lease_until, "run": message.run, "updated_at": now}
    writes = [
        change(
            JobOf(message.user, message.job_id), now, current(message.run), set={"last_activity_at": now, "stalls": 0}
        ),
        Update(ItemOf(message.job_id, message.index), abandoned(item.fence, now), set=fields, add={"tries": 1}),
    ]
    if parts.table.transact(writes):
        return None
    return Claim(message, attempt.fence, item.reserved, may_call=item.tries < attempt.max_tries)


def _pause_for_quota(parts: Parts, attempt: Attempt, *, budget: bool, account: Image | None, now: int) -> Done | None:
    """Tests item and account again in its own transaction: a grant, or another delivery of the last line, may have
    come between."""
    message, needs = attempt.message, attempt.needs
    reason, text = _reason(message, needs, budget, account, parts)
    when = current(message.run) & less("budget_left", needs.cost) if budget else current(message.run)
    asked = {"tokens": needs.tokens, "articles": needs.articles, "cost": needs.cost}
    there = {name: account[f"{name}_remaining"] for name in ("tokens", "articles")} if account else None
    fields: dict[str, Any] = {"status": Status.PAUSED, "pause_reason": reason, "error_message": text}
    fields |= {"pause_needs": asked, "pause_available": there}
    writes: list[Write] = [
        change(JobOf(message.user, message.job_id), now, when, set=fields),
        Check(ItemOf(message.job_id, message.index), claimable(message)),
    ]
    if not budget:
        writes.append(Check(AccountOf(message.user), EXISTS & short_of(needs)))
    return None if parts.table.transact(writes) else Done(text)


def _reason(
    message: ItemMessage, needs: Needs, budget: bool, account: Image | None, parts: Parts
) -> tuple[PauseReason, str]:
    place = f"{parts.kinds[message.kind].noun} {message.position}"
    if budget:
        return PauseReason.BUDGET, f"Budget reached at {place}"
    if less("tokens_remaining", needs.tokens).holds(account):
        return PauseReason.TOKENS, f"Out of tokens at {place}"
    return PauseReason.ARTICLE_LIMIT, f"Article limit reached at {place}"
