"""What happens to messages and to dead letters."""

from collections.abc import Iterator

from tests.model import burials, claiming
from tests.model.state import Message, State
from tests.model.step import Step


def steps(state: State) -> Iterator[Step]:
    yield from _lanes(state)
    yield from _dead_letters(state)


def _lanes(state: State) -> Iterator[Step]:
    busy = {each.message.item % state.scenario.lanes for each in state.processes.values() if each.held}
    working = sum(each.actor == "worker" for each in state.processes.values())
    for lane, messages in enumerate(state.lanes):
        if not messages or lane in busy:
            continue
        if working < state.scenario.workers:
            new = state.copy()
            yield Step("receive", "a worker receives", new, new.begin(claiming.received(new, messages[0])), lane)
        if state.may("lose"):
            for place in range(len(messages)):
                yield _leaves(state, "lose", "a message is lost", lane, place)
        if state.may("dead"):
            yield _leaves(state, "dead", "a message moves to the dead letters", lane, 0)
    if state.sent and state.may("dedup"):
        new = state.copy()
        new.spend("dedup")
        new.sent = frozenset()
        yield Step("dedup", "what was sent is forgotten", new, whim=True)


def _leaves(state: State, whim: str, what: str, lane: int, place: int) -> Step:
    new = state.copy()
    new.spend(whim)
    messages = list(new.lanes[lane])
    message = messages.pop(place)
    new.lanes[lane] = tuple(messages)
    if whim == "dead":
        new.dead += (message,)
    return Step(whim, what, new, number=lane, item=place, whim=True)


def _dead_letters(state: State) -> Iterator[Step]:
    held = [each.message for each in state.processes.values() if each.actor == "dead letters"]
    for place, message in enumerate(state.dead):
        if message in held or message in state.dead[:place]:
            continue
        new = state.copy()
        yield Step("bury", "a dead letter is taken", new, new.begin(burials.buried(message)), place)
        for whim, what in (("redrive", "a dead letter is sent again"), ("lose", "a dead letter is lost")):
            if state.may(whim):
                yield _letter_leaves(state, whim, what, place, message)


def _letter_leaves(state: State, whim: str, what: str, place: int, message: Message) -> Step:
    new = state.copy()
    new.spend(whim)
    new.dead = (*new.dead[:place], *new.dead[place + 1 :])
    if whim == "redrive":
        new.lanes[message.item % new.scenario.lanes] += (message,)
    return Step("redrive" if whim == "redrive" else "lose letter", what, new, number=place, whim=True)
