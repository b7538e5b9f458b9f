"""The calls to a provider, each with what the records said when it began."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from threading import local
from typing import TYPE_CHECKING, TypeVar

from penstock.domain.errors import Limited, Transient
from penstock.domain.item import ItemStatus
from penstock.domain.message import ItemMessage
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.engine.circuit import PROBE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.engine.parts import Parts

Write = Callable[[str, Prompt, float], Completion]
Make = Callable[[str, MediaPrompt, float], Media]
Given = TypeVar("Given", Completion, Media)


@dataclass(frozen=True)
class Call:
    """`began` and `ended` order the calls (any numbers that grow; None: it never ended); `at` and `lease_until` are
    milliseconds of the engine's clock. `status`, `fence` and `lease_until` are the item's, `stored` says whether the
    step's result was there already: all as the call began. `group` is the lane, with its priority. It may have been
    `limited`, or met a fault of its provider (`faulty`)."""

    user: str
    job_id: str
    index: int
    stage: int
    run: int
    retried_in: int
    step: str
    group: str
    began: int
    at: int
    status: ItemStatus | None
    fence: str
    lease_until: int
    stored: bool
    ended: int | None = None
    limited: bool = False
    faulty: bool = False


def observed(parts: "Parts", message: ItemMessage, step: str, began: int) -> Call:
    """The call for `step` of `message` that begins now."""
    item, job = parts.records.item(message.job_id, message.index), parts.records.job(message.user, message.job_id)
    lane = parts.kinds[message.kind].group(message.user, message.index)
    return Call(
        user=message.user,
        job_id=message.job_id,
        index=message.index,
        stage=message.stage,
        run=message.run,
        retried_in=message.retried_in,
        step=step,
        group=f"{job.priority if job else ''} {lane}",
        began=began,
        at=parts.clock(),
        status=item.status if item else None,
        fence=item.fence if item else "",
        lease_until=item.lease_until if item else 0,
        stored=parts.files.load_step(message.job_id, message.index, message.shelf, step) is not None,
    )


class Recorder:
    """Stands before a provider, which is `write` and `draw`. `during(message)` says for which message this thread's
    calls are. `probes` are nobody's: the times at which they were made, in milliseconds of the engine's clock."""

    def __init__(self, observer: Callable[[], "Parts"], write: Write, draw: Make) -> None:
        self.calls: list[Call] = []
        self.probes: list[int] = []
        self._observer, self.write, self.draw = observer, write, draw
        self._numbers = count(1)
        self._present = local()

    @contextmanager
    def during(self, message: ItemMessage) -> "Iterator[None]":
        stack: list[ItemMessage] = self._present.__dict__.setdefault("messages", [])
        stack.append(message)
        try:
            yield
        finally:
            stack.pop()

    def __call__(self, model: str, prompt: Prompt, seconds: float) -> Completion:
        if prompt == PROBE:
            self.probes.append(self._observer().clock())
            return self.write(model, prompt, seconds)
        return self._noted(prompt.purpose, lambda: self.write(model, prompt, seconds))

    def make(self, model: str, prompt: MediaPrompt, seconds: float) -> Media:
        return self._noted(prompt.purpose, lambda: self.draw(model, prompt, seconds))

    def _noted(self, purpose: str, ask: Callable[[], Given]) -> Given:
        messages: list[ItemMessage] = self._present.__dict__.get("messages", [])
        assert messages, f"a call for {purpose!r} outside any message's work"
        call = observed(self._observer(), messages[-1], purpose, next(self._numbers))
        self.calls.append(call)
        limited = faulty = False
        try:
            return ask()
        except Limited:
            limited = True
            raise
        except Transient as fate:
            faulty = fate.of_provider
            raise
        finally:
            place = self.calls.index(call)
            self.calls[place] = replace(call, ended=next(self._numbers), limited=limited, faulty=faulty)
