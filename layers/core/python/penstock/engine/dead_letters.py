"""A message that the queue gave up on: its item is settled as failed and what it reserved goes back. The run and the
stage are tested: a dead message of a past run must not fail a line of the present one."""

from penstock.domain.conditions import Condition, Image, equals
from penstock.domain.errors import Refused
from penstock.domain.item import RUNNING, Item, ItemStatus, abandoned, claimable, expired
from penstock.domain.job import Job, current
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Usage
from penstock.domain.writes import ItemOf
from penstock.engine.claim import ROUNDS, Done, Later
from penstock.engine.finish import Finish, finish_failed
from penstock.engine.parts import Parts
from penstock.engine.release import release
from penstock.engine.settle import Outcome, failed, found


def bury(parts: Parts, message: ItemMessage) -> Done | Later:
    """What becomes of the dead message: dropped, or left until a live worker's lease is over."""
    for _ in range(ROUNDS):
        verdict = _judge(parts, message)
        if verdict:
            return verdict
    return Later(None, "the records changed at every look")


def _judge(parts: Parts, message: ItemMessage) -> Done | Later | None:
    """None: the records changed between the read and the write; look again."""
    now, job = parts.clock(), parts.records.job(message.user, message.job_id)
    if job is None:
        return Done("the job is gone")
    image = parts.table.get(ItemOf(message.job_id, message.index))
    if not (job.active and job.run == message.run):
        return _outdated(parts, job, message, image, now)
    if image and RUNNING.holds(image) and image["stage"] == message.stage:
        if not expired(now).holds(image):
            return Later(None, "a worker still holds the item")
        return _fail(parts, job, message, Item.of(image), abandoned(image["fence"], now))
    if claimable(message).holds(image):
        return _fail(parts, job, message, Item.of(image or _unclaimed(message)), _as_seen(message, image))
    return Done("the item is settled, or at another stage")


def _outdated(parts: Parts, job: Job, message: ItemMessage, image: Image | None, now: int) -> Done | Later | None:
    if image is None or not RUNNING.holds(image):
        return Done(f"the job is {job.status} in run {job.run}")
    if expired(now).holds(image):
        return Done("released the item") if release(parts, job, Item.of(image), now) else None
    return (
        Later(None, "a worker still holds the item") if image["run"] == message.run else Done("a message of a past run")
    )


def _unclaimed(message: ItemMessage) -> Image:
    place = {"user": message.user, "job_id": message.job_id, "index": message.index}
    return place | {"status": ItemStatus.QUEUED, "stage": message.stage}


def _as_seen(message: ItemMessage, image: Image | None) -> Condition:
    """Still claimable, and by the same fence: the amount given back was read before."""
    return claimable(message) & equals("fence", image["fence"]) if image and "fence" in image else claimable(message)


def _fail(parts: Parts, job: Job, message: ItemMessage, item: Item, condition: Condition) -> Done | None:
    error = Refused("The item was tried too often without an end.", code="dead_letter")
    settlement, outcome = found(job, item, condition, parts.clock()), _outcome(parts, message)
    if message.is_finish:
        return (
            Done("finish failed")
            if finish_failed(parts, Finish(settlement, message.run, outcome), error) is None
            else None
        )
    fields = {**_unclaimed(message), "run": message.run}
    del fields["status"]
    refusal = failed(parts, settlement, error, outcome, when=current(message.run), **fields)
    return Done("failed") if refusal is None else None


def _outcome(parts: Parts, message: ItemMessage) -> Outcome:
    """Its workers ended without a word; what they paid for is what they stored, and is booked like any failure's."""
    steps = parts.files.steps(message.job_id, message.index, message.shelf)
    paid = [step.usage for step in steps if step.retry == message.retried_in]
    return Outcome(Usage(), sum(paid, Usage()), "", 0.0)
