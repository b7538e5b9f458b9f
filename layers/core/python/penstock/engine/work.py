"""Works on one message: claims its item, runs the kind's stage, settles. Every failure is one of a few fates, none is
raised."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from penstock.domain.conditions import Image
from penstock.domain.errors import Contention, Fate, Limited, OutOfTime, PenstockError, Refused, Stopped, Transient
from penstock.domain.item import TERMINAL, Item, ItemStatus, mine, product_id
from penstock.domain.job import Status
from penstock.domain.kind import Kind, Product
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Needs
from penstock.domain.work import Effects, Work
from penstock.domain.writes import ItemOf, Refusal, Update
from penstock.engine import release, settle
from penstock.engine.claim import Attempt, Claim, Done, Later, claim
from penstock.engine.finish import Finish, finish_done, finish_failed
from penstock.engine.guard import Guard
from penstock.engine.parts import Parts
from penstock.engine.steps import Steps

log = logging.getLogger(__name__)

# Kept free at the end of a worker's time for its settle, so that Lambda never has to kill it. Seconds.
SETTLE_MARGIN = 20.0
LONGEST_SETTLE = 60.0
BACKOFF_SECONDS = (5.0, 20.0, 60.0)
LIMITED_IN_A_ROW = 3
LONGEST_RETRY_AFTER = 60.0


@dataclass
class Shift:
    """One worker's time with one message. `seconds_left` is until Lambda would kill it."""

    parts: Parts
    kind: Kind
    message: ItemMessage
    claim: Claim
    work: Work
    seconds_left: Callable[[], float]
    started: float

    @property
    def settlement(self) -> settle.Settlement:
        patience = min(LONGEST_SETTLE, max(1.0, self.seconds_left() - 2))
        held = self.claim.fence, self.claim.reserved, self.parts.clock(), patience
        return settle.held(self.message, *held)

    @property
    def finish(self) -> Finish:
        return Finish(self.settlement, self.message.run, self.outcome)

    @property
    def outcome(self) -> settle.Outcome:
        seconds = self.started - self.seconds_left()
        return settle.Outcome(self.work.usage, self.work.billed, self.work.written_by, seconds)


def work(parts: Parts, message: ItemMessage, seconds_left: Callable[[], float]) -> Done | Later:
    """What becomes of the message: acknowledged, or back after a while. Calls of it may be doubled, late, or in any
    order."""
    whole = _with_input(parts, message)
    if whole is None:
        return Done("the job is gone")
    kind, started = parts.kinds[message.kind], seconds_left()
    verdict = _claim(parts, _attempt(parts, kind, whole, seconds_left))
    if not isinstance(verdict, Claim):
        return verdict
    shift = Shift(parts, kind, whole, verdict, _work(parts, whole, verdict, seconds_left), seconds_left, started)
    try:
        return _run(shift)
    except Contention:
        log.warning("the table was too busy to settle", extra={"job": message.job_id, "index": message.index})
        return Later(None, "the table was too busy to settle; stored steps are replayed")


def _with_input(parts: Parts, message: ItemMessage) -> ItemMessage | None:
    """A message too large to carry its input has it read from the job."""
    if message.input is not None and message.settings is not None:
        return message
    settings = parts.records.settings(message.job_id)
    inputs = [{}] if message.is_finish else parts.records.inputs(message.job_id, message.index, message.index)
    if settings is None or not inputs:
        return None
    return message.model_copy(update={"input": inputs[0], "settings": settings})


def _attempt(parts: Parts, kind: Kind, message: ItemMessage, seconds_left: Callable[[], float]) -> Attempt:
    """The lease ends when the worker does, and so before the message can come back."""
    lease_until = parts.clock() + int(seconds_left() * 1000)
    needs = Needs()
    if not message.is_finish:
        needs = kind.ceiling(message.input or {}, message.settings or {}, message.stage, parts.models)
    return Attempt(message, needs, parts.new_fence(), lease_until, kind.max_tries)


def _claim(parts: Parts, attempt: Attempt) -> Claim | Done | Later:
    try:
        return claim(parts, attempt)
    except Contention:
        return Later(random.uniform(1, 5), "the table was too busy to claim")
    except Exception:
        # The claim may have committed and only its answer be lost: then nobody must wait for the end of its lease.
        item = ItemOf(attempt.message.job_id, attempt.message.index)
        parts.table.update(Update(item, mine(attempt.fence), set={"lease_until": 0}))
        raise


def _work(parts: Parts, message: ItemMessage, held: Claim, seconds_left: Callable[[], float]) -> Work:
    steps, guard = Steps(parts.files, message, held.untouched), Guard(parts)
    effects = Effects(
        call=guard.write,
        make=guard.make,
        save=lambda media: parts.files.put_media(message.user, _media_id(message), parts.new_fence(), media),
        load=steps.load,
        keep=steps.keep,
        seconds_left=lambda: seconds_left() - SETTLE_MARGIN,
        cancelled=lambda: _cancelled(parts, message),
        may_call=held.may_call,
    )
    place = (message.user, message.job_id, message.index, message.total)
    return Work(*place, message.input or {}, message.settings or {}, effects, retry=message.retried_in)


def _media_id(message: ItemMessage) -> str:
    """The id of what the item becomes: deleted with it."""
    return str((message.input or {}).get("replaces") or product_id(message.job_id, message.index))


def _cancelled(parts: Parts, message: ItemMessage) -> bool:
    job = parts.records.job(message.user, message.job_id)
    return job is None or job.status == Status.CANCELLED


def _run(shift: Shift) -> Done | Later:
    try:
        product = _stage(shift)
    except Fate as fate:
        return _ended_badly(shift, fate)
    except Exception as bug:
        log.exception("a bug in the work of an item", extra={"job": shift.message.job_id, "index": shift.message.index})
        return _ended_badly(shift, Transient(f"An internal error occurred ({type(bug).__name__})."))
    return _answer(shift, _settle(shift, product))


def _stage(shift: Shift) -> Product | None:
    if shift.message.is_finish:
        if shift.kind.finish:
            shift.kind.finish(shift.work)
        return None
    return shift.kind.stages[shift.message.stage](shift.work)


def _settle(shift: Shift, product: Product | None) -> Refusal | None:
    if shift.message.is_finish:
        return finish_done(shift.parts, shift.finish)
    if shift.message.stage + 1 < len(shift.kind.stages):
        return settle.stage_done(shift.parts, shift.settlement, shift.message.stage, shift.outcome)
    return settle.done(shift.parts, shift.settlement, product, shift.outcome, shift.claim.fence)


def _answer(shift: Shift, refusal: Refusal | None) -> Done | Later:
    """A refused settle had committed before if the item carries this fence and is over, or at another stage. At this
    stage it was released meanwhile; else somebody else holds it. In both cases the message may be its last."""
    if refusal is None:
        return Done("settled")
    image = refusal.images[0]
    if image and image.get("fence") == shift.claim.fence and not _at_this_stage(image, shift.message):
        return Done("settled before")
    return Later(None, "the item was released, or is another worker's now")


def _at_this_stage(image: Image, message: ItemMessage) -> bool:
    return image["status"] not in TERMINAL and image["stage"] == message.stage


def _ended_badly(shift: Shift, fate: Fate) -> Done | Later:
    item = shift.parts.records.item(shift.message.job_id, shift.message.index)
    if item is None or item.fence != shift.claim.fence or item.status != ItemStatus.RUNNING:
        return Later(None, "the item is another worker's now")
    match fate:
        case Limited():
            return _limited(shift, item, fate)
        case OutOfTime() if shift.work.stored_anew:
            return _give_back(shift, fate, 0.0, {"tries": -1}, limited=0)
        case Refused() | Stopped():
            return _fail(shift, item, fate)
    if item.tries >= shift.kind.max_tries:
        return _fail(shift, item, fate)
    return _give_back(shift, fate, _backoff(item.tries), {}, limited=0)


def _fail(shift: Shift, item: Item, fate: PenstockError) -> Done | Later:
    if shift.message.is_finish:
        return _answer(shift, finish_failed(shift.parts, shift.finish, fate))
    settlement = replace(shift.settlement, charged=item.charged)
    return _answer(shift, settle.failed(shift.parts, settlement, fate, shift.outcome))


def _limited(shift: Shift, item: Item, fate: Limited) -> Done | Later:
    """A 429 is not a try. After three in a row, or one that asks for a long wait, the whole job waits for the
    provider."""
    if item.limited + 1 < LIMITED_IN_A_ROW and fate.retry_after <= LONGEST_RETRY_AFTER:
        wait = max(fate.retry_after, _backoff(item.limited + 1))
        return _give_back(shift, fate, wait, {"tries": -1, "limited": 1})
    wait = max(fate.retry_after, LONGEST_RETRY_AFTER)
    resume_at = shift.parts.clock() + int(wait * 1000)
    text = f"Waiting for the provider: {fate.message}"
    run, lost = shift.message.run, shift.work.lost
    refusal = release.pause_for_provider(shift.parts, shift.settlement, run, lost, resume_at, text, fate.breaker)
    if refusal is None or refusal.failed[0]:
        return _answer(shift, refusal)
    if _cancelled(shift.parts, shift.message) and not shift.message.is_finish:
        return _fail(shift, item, Stopped("The job was cancelled."))
    return _answer(shift, release.put_back(shift.parts, shift.settlement, lost))


def _give_back(shift: Shift, fate: Fate, wait: float, add: Mapping[str, int], **fields: int) -> Done | Later:
    refusal = release.give_back(shift.parts, shift.settlement, shift.work.lost, add, **fields)
    return _answer(shift, refusal) if refusal else Later(wait, fate.message)


def _backoff(number: int) -> float:
    """Half to the whole of the step, so that what failed together does not come back together."""
    step = BACKOFF_SECONDS[min(number, len(BACKOFF_SECONDS)) - 1]
    return random.uniform(step / 2, step)
