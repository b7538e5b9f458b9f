"""Where the real processes stop: before each call that is a step of the model, and before no other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self
from unittest.mock import patch

from penstock.engine.dispatch import dispatch
from penstock.engine.parts import Parts
from tests.clock import Crash
from tests.faults.interleaving import Actor, Gates
from tests.faults.orders import Step
from tests.house import House
from tests.model.state import Process

DISPATCHING = frozenset({"get job", "get item", "get account", "query items", "query jobs", "write", "send"})
WRITES = "claim;release;take over;pause for quota;settle;fail;give back;pause for provider;put back;end job;queue again"
# Which call a process of the model is stopped before, by its phase.
CALLS = {
    **dict.fromkeys(WRITES.split(";"), "write"),
    **dict.fromkeys(("remove", "wake", "finish", "advance", "revive", "stop watching"), "write"),
    **dict.fromkeys(("look", "look again", "see job", "read"), "get job"),
    **dict.fromkeys(("see item", "see finish step"), "get item"),
    **dict.fromkeys(("look at items", "look for abandoned"), "query items"),
    **dict.fromkeys(("look at older", "ask who waits", "list paused"), "query jobs"),
    **dict.fromkeys(("send", "send stage"), "send"),
    "see account": "get account",
}
# What each actor stops before while it is not in a dispatch.
STOPS = {
    "worker": frozenset({"write", "get job", "get item"}),
    "dead letters": frozenset({"write", "get job", "get item"}),
    "stage": frozenset({"get job", "get item", "send"}),
    "dispatch": frozenset({"query jobs"}),
    "janitor": frozenset({"write", "get job", "query items"}),
    "grant": frozenset({"query jobs"}),
    "user": frozenset[str](),
}
_READS = {"JOB#": "job", "ITEM#": "item", "ACCOUNT": "account"}


def call_of(process: Process) -> str:
    return CALLS[process.phase]


def _named(step: Step) -> str:
    """The call in the model's words; empty for one that decides nothing."""
    touched = step.touches[0]
    if touched.low == "BREAKER":
        return ""  # looked at and told in one step with the call that it is for
    if step.name in ("transact_write_items", "update_item"):
        return "write"
    if step.name == "send_message_batch":
        return "send"
    what = next((word for prefix, word in _READS.items() if touched.low.startswith(prefix)), "")
    if step.name == "get_item":
        return f"get {what}"
    return f"query {what}s" if step.name == "query" and what else ""


class Runner(Actor):
    """A process of the real code. `asked` is what its next call is to meet, `died` what ended it before its time."""

    answer: Any

    def __init__(self, name: str, call: Callable[[], Any], doors: "Doors") -> None:
        super().__init__(name, call, doors)
        self.stops, self.asked, self.depth = STOPS[name], "", 0
        self.died: BaseException | None = None
        self.start()

    def goes(self, asked: str) -> None:
        self.asked = asked
        try:
            self.go()
        except (Crash, IndexError) as died:  # cut off while it sent; or its job's rows were deleted under it
            self.died = died

    def stops_before(self, call: str) -> bool:
        return call in (DISPATCHING if self.depth else self.stops)


class Doors(Gates):
    """Gates that know the model. While it is entered, dispatch is known by whom it is called."""

    def __init__(self, house: House) -> None:
        house.parts.queues._client = Clipped(self, house.parts.queues._client)  # type: ignore[assignment]
        super().__init__(house)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        for module in ("control", "follow", "quota", "submit", "sweep"):
            self._opened.enter_context(patch(f"penstock.engine.{module}.dispatch", self._dispatch))
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def runner(self) -> Runner | None:
        found = getattr(self.present, "actor", None)
        return found if isinstance(found, Runner) else None

    def asked(self) -> str:
        return self.runner.asked if self.runner else ""

    def stop(self, step: Step) -> None:
        if self.runner and self.runner.stops_before(_named(step)):
            self.runner.stop_before(Step(_named(step)))

    def _dispatch(self, parts: Parts, user: str, job_id: str) -> None:
        with self._within():
            dispatch(parts, user, job_id)

    @contextmanager
    def _within(self) -> Iterator[None]:
        assert self.runner, "somebody dispatches who is no process of the model"
        self.runner.depth += 1
        try:
            yield
        finally:
            self.runner.depth -= 1


@dataclass
class Clipped:
    """The queue's client; of a send that is cut off only the first message arrives."""

    doors: Doors
    client: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:
        if self.doors.asked() != "in part":
            return self.client.send_message_batch(QueueUrl=QueueUrl, Entries=Entries)
        self.client.send_message_batch(QueueUrl=QueueUrl, Entries=Entries[:1])
        raise Crash
