"""What a message may do to its item and job; and how a process goes on."""

from typing import NamedTuple

from penstock.domain.item import ItemStatus
from penstock.domain.job import Status
from tests.model.state import TERMINAL, Message, State


class Answer(NamedTuple):
    """What a call came to, and whether the message is done with. None: the process goes on."""

    what: str
    done: bool | None


def goes_on(what: str) -> Answer:
    return Answer(what, done=None)


def is_done(what: str) -> Answer:
    return Answer(what, done=True)


def comes_back(what: str) -> Answer:
    return Answer(what, done=False)


def variants(state: State, message: Message) -> list[str]:
    """In the order in which a claim tries them."""
    reopens = state.finishes(message.job, message.item) or message.retried > 0
    first = message.stage == 0
    return [*(["new"] if first else []), "queued", *(["again"] if first and reopens else [])]


def fits(state: State, message: Message, variant: str) -> bool:
    item = state.item(message)
    if variant == "new":
        return item.status is None
    if variant == "queued":
        return item.status == ItemStatus.QUEUED and item.stage == message.stage
    if state.finishes(message.job, message.item):
        return item.status in TERMINAL and item.run < message.run
    return item.reopened(message.retried)


def claimable(state: State, message: Message) -> bool:
    return any(fits(state, message, each) for each in variants(state, message))


def startable(state: State, message: Message) -> bool:
    job = state.jobs[message.job]
    return job.current(message.run) and (not state.finishes(message.job, message.item) or job.remaining == 0)


def moves(state: State, pid: int, phase: str, **fields: object) -> None:
    state.processes[pid] = state.processes[pid]._replace(phase=phase, **fields)  # type: ignore[arg-type]


def verdict_of(state: State, number: int) -> Status:
    every = state.jobs[number].failed == state.scenario.jobs[number].lines
    return Status.FAILED if every else Status.COMPLETED
