"""What the real records come to in the model's words, and where the two differ."""

from collections.abc import Iterator
from typing import Any

from penstock.domain.item import Item as RealItem
from penstock.domain.job import Job as RealJob
from penstock.domain.job import PauseReason
from penstock.store.keys import Range
from penstock.store.keys import items as items_of
from tests.model.doors import call_of
from tests.model.driving import Real
from tests.model.groups import message_of
from tests.model.state import Item, Job, Message, State

Differences = Iterator[str]
# What job and model call by the same name.
SAME = ("status", "run", "cursor", "sent", "settled", "completed", "failed", "cancelled", "remaining", "running")


class Reader:
    """Fences are known by the model's numbers, which one stands for which once it was seen."""

    def __init__(self, real: Real) -> None:
        self._real = real
        self._fences: dict[tuple[int, int, str], int] = {}

    def differences(self, state: State, *, written: bool = True) -> list[str]:
        """Unless something was `written`, the records need not be read again."""
        records = self._records(state) if written else ()
        return [*records, *self._queues(state), *self._stream(state), *self._processes(state)]

    def _records(self, state: State) -> Differences:
        real = self._real
        stretch = Range(f"USER#{real.who.user}", "ACCOUNT", "JOB#\uffff")
        images = {image["sk"]: image for image in real.observer.table.query_all(stretch)}
        yield from _differ("balance", images["ACCOUNT"]["tokens_remaining"], state.balance)
        for number, job_id in enumerate(real.jobs):
            image = images.get(f"JOB#{job_id}")
            yield from self._job(number, image, state.jobs[number])
            yield from self._items(number, job_id, state)

    def _job(self, number: int, image: Any, job: Job) -> Differences:
        yield from _differ(f"job {number} gone", image is None, job.gone)
        if image and not job.gone:
            found = self._job_read(RealJob.of(image))
            for name, value in found.items():
                yield from _differ(f"job {number} {name}", value, getattr(job, name))

    def _job_read(self, job: RealJob) -> dict[str, Any]:
        now = self._real.house.clock()
        waited = job.pause_reason == PauseReason.PROVIDER and (job.resume_at or 0) <= now
        return {
            **{name: getattr(job, name) for name in SAME},
            "reason": job.pause_reason,
            "retried": job.retried_in,
            "watched": job.watch is not None,
            "still": job.last_activity_at == 0,
            "waited": waited,
            "barred": job.breaker is not None,
            "unfinished": job.finish_failed,
            "deleted": job.deleted_at is not None,
        }

    def _items(self, number: int, job_id: str, state: State) -> Differences:
        found = {
            image["index"]: RealItem.of(image)
            for image in self._real.observer.table.query_all(items_of(job_id, 0, 999_999))
        }
        for index, item in enumerate(state.items[number]):
            real = found.pop(index, None)
            name = f"item {number}.{index}"
            yield from _differ(f"{name} status", real.status if real else None, item.status)
            if real and item.status:
                yield from self._item(name, (number, index, real.fence), real, item)
        yield from _differ(f"further items of job {number}", sorted(found), [])

    def _item(self, name: str, fence: tuple[int, int, str], real: RealItem, item: Item) -> Differences:
        leased = real.lease_until >= self._real.house.clock()
        numbers = real.reserved_tokens, real.charged_tokens
        read = (real.stage, real.tries, *numbers, leased, real.run)
        yield from _differ(
            f"{name} (stage, tries, reserved, charged, leased, run)",
            read,
            (item.stage, item.tries, item.reserved, item.charged, item.leased, item.run),
        )
        known = self._fences.setdefault(fence, item.fence)
        yield from _differ(f"{name} fence {fence[2]}", known, item.fence)

    def _queues(self, state: State) -> Differences:
        for lane, messages in enumerate(state.lanes):
            yield from _differ(
                f"lane {lane}", [self._message(each) for each in self._real.groups.lane(lane)], [*messages]
            )
        letters = sorted(self._message(each) for each in self._real.groups.letters())
        yield from _differ("dead letters", letters, sorted(state.dead))

    def _message(self, entry: Any) -> Message:
        message = message_of(entry)
        job = self._real.jobs.index(message.job_id)
        return Message(job, message.index, message.stage, message.run, message.retried_in)

    def _stream(self, state: State) -> Differences:
        yield from _differ("unread changes", [len(each) for each in self._real.unread], [*map(len, state.changes)])
        waits = sorted(place for place, records in self._real.waits.items() for _ in records)
        yield from _differ("unread items", waits, list(state.waits))

    def _processes(self, state: State) -> Differences:
        real = {pid: runner.step.name for pid, runner in self._real.runners.items() if runner.step}
        yield from _differ("processes", real, {pid: call_of(process) for pid, process in state.processes.items()})


def _differ(what: str, real: Any, model: Any) -> Differences:
    if real != model:
        yield f"{what}: really {real}, in the model {model}"
