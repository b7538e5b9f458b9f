"""Every step that is possible from a state: a call that goes through, or a whim of the world."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from penstock.domain.job import PauseReason
from tests.model import burials, claiming, dispatching, following, people, queueing, records, sweeping, working
from tests.model.conditions import Answer
from tests.model.state import LAST_RUN, Process, State
from tests.model.step import Step

Call = Callable[[State, int, str], Answer]
CALLS: Mapping[str, Mapping[str, Call]] = {
    "worker": {**claiming.CALLS, **working.CALLS},
    "dispatch": dispatching.CALLS,
    "stage": following.CALLS,
    "dead letters": burials.CALLS,
    "janitor": sweeping.CALLS,
    "grant": people.CALLS,
}
# What a provider makes of a call, beside an answer.
FATES = ("transient", "refused", "limited")


def begin(state: State) -> State:
    for number in range(len(state.jobs)):
        state.begin(dispatching.dispatch("api", number))
    return state


def steps(state: State) -> Iterator[Step]:
    for pid, process in state.processes.items():
        yield from _calls(state, pid, process)
        yield from _mishaps(state, pid, process)
    yield from queueing.steps(state)
    yield from _stream(state)
    yield from _time(state)
    yield from _provider(state)
    yield from _janitor(state)
    yield from _people(state)


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _calls(state: State, pid: int, process: Process) -> Iterator[Step]:
    yield _call(state, pid, "answered")
    if (process.actor, process.phase) == ("worker", "look") and not (state.open or state.held):
        for fate in FATES:
            if state.may(fate):
                yield _call(state, pid, fate, spends=fate)
    if process.phase == "send" and len(process.seen) > 7 and state.may("partial"):
        yield _call(state, pid, "in part", spends="partial")
    acknowledges = process.actor == "dead letters" or process.held
    if acknowledges and state.may("crash") and _done(state, pid):
        yield _call(state, pid, "answered", spends="crash", dies=True)


def _done(state: State, pid: int) -> bool:
    """Whether the call is its last, and its message is to be deleted."""
    new = state.copy()
    process = new.processes[pid]
    return CALLS[process.actor][process.phase](new, pid, "answered").done is True


def _call(state: State, pid: int, asked: str, *, spends: str = "", dies: bool = False) -> Step:
    new = state.copy()
    if spends:
        new.spend(spends)
    process = new.processes[pid]
    answer = CALLS[process.actor][process.phase](new, pid, asked)
    if answer.done is not None:
        ended = new.processes.pop(pid)
        if answer.done and not dies:
            _acknowledge(new, ended)
        elif not answer.done:
            _read_again(new, ended)
    what = f"{process.actor} {answer.what}{', and dies' * dies}"
    return Step("call", what, new, pid, asked=asked, dies=dies, whim=bool(spends))


def _acknowledge(state: State, process: Process) -> None:
    if process.actor == "dead letters":
        letters = list(state.dead)
        letters.remove(process.message)
        state.dead = tuple(letters)
    elif process.held:
        lane = process.message.item % state.scenario.lanes
        state.lanes[lane] = state.lanes[lane][1:]


def _read_again(state: State, process: Process) -> None:
    """What a dispatcher did not get done comes again."""
    if process.actor == "stage":
        state.waits = tuple(sorted((*state.waits, (process.job, process.message.item))))
    elif process.batch:
        number = process.message.job
        state.changes[number] = (*process.batch, *state.changes[number])
        if state.scenario.joined:
            state.changes[number] = (records.join(state.changes[number]),)


def _mishaps(state: State, pid: int, process: Process) -> Iterator[Step]:
    if state.may("crash"):
        new = state.copy()
        new.spend("crash")
        _read_again(new, new.processes.pop(pid))
        yield Step("crash", f"{process.actor} dies", new, pid, whim=True)
    if process.actor != "worker":
        return
    leased = state.item(process.message).mine(process.fence) and state.item(process.message).leased
    if process.held and state.may("lapse"):
        yield _slower(state, pid, "lapse", "loses its message but goes on", held=False, leased=True)
    if process.held and process.fence and state.may("slow"):
        yield _slower(state, pid, "slow", "outlives message and lease but goes on", held=False, leased=False)
    if leased and state.may("overrun"):
        yield _slower(state, pid, "overrun", "outlives its lease but goes on", held=process.held, leased=False)


def _slower(state: State, pid: int, whim: str, what: str, *, held: bool, leased: bool) -> Step:
    new = state.copy()
    new.spend(whim)
    me = new.processes[pid]
    new.processes[pid] = me._replace(held=held)
    item = new.item(me.message)
    if not leased and item.mine(me.fence):
        new.put(me.message, item._replace(leased=False))
    return Step(whim, f"worker {what}", new, pid, whim=True)


# ── stream ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stream(state: State) -> Iterator[Step]:
    reading = {
        each.message.job for each in state.processes.values() if each.source == "stream" and each.actor == "dispatch"
    }
    for number, changes in enumerate(state.changes):
        if changes and number not in reading:
            yield from _reads(state, number, len(changes))
        if state.may("sdup"):
            twice = state.copy()
            twice.spend("sdup")
            records.tell(twice, number, twice.last[number])
            yield Step("double change", "the latest change of a job comes again", twice, number=number, whim=True)
    for job, item in dict.fromkeys(state.waits):
        new = state.copy()
        following.takes_waiting(new, job, item)
        yield Step("read stage", "dispatcher reads that an item waits", new, new.number, job, item)
        if state.may("slost"):
            lost = new.copy()
            lost.spend("slost")
            del lost.processes[lost.number]
            yield Step("lose stage", "the change of an item is lost", lost, number=job, item=item, whim=True)


def _reads(state: State, number: int, count: int) -> Iterator[Step]:
    for taken in {1, count}:
        new = state.copy()
        what = following.takes_change(new, number, taken)
        yield Step("read", f"dispatcher {what}", new, new.number * (new.number > state.number), number, taken)
    if state.may("slost"):
        new = state.copy()
        new.spend("slost")
        new.changes[number] = new.changes[number][1:]
        yield Step("lose change", "the change of a job is lost", new, number=number, whim=True)


# ── time, janitor, people ───────────────────────────────────────────────────────────────────────────────────────────


def _time(state: State) -> Iterator[Step]:
    alive = {(each.job, each.message.item, each.fence) for each in state.processes.values() if each.actor == "worker"}
    for number, row in enumerate(state.items):
        for index, item in enumerate(row):
            if item.running and item.leased and (number, index, item.fence) not in alive:
                new = state.copy()
                new.items[number][index] = item._replace(leased=False)
                yield Step("lease", "a lease is over", new, number=number, item=index)
    for number, job in enumerate(state.jobs):
        if job.reason == PauseReason.PROVIDER and not job.waited and not job.gone:
            over = _later(state, number, "provider", "a provider's pause is over", waited=True)
            over.after.held &= not state.scenario.joined
            over.after.open &= not state.scenario.joined
            yield over
        if job.active and not job.still and (job.sent or job.cursor) and job.run < LAST_RUN:
            if quiet(state, number) and state.scenario.janitor:
                yield _later(state, number, "still", "a job stands still", still=True)
            elif state.may("jan"):
                yield _later(state, number, "still", "a job seems to stand still", spends="jan", still=True)


def _provider(state: State) -> Iterator[Step]:
    """Its breaker opens, closes; and what a 429 has held back may be asked again. Nobody could tell when the breaker
    opened, but who is about to call: in small worlds it opens then."""
    shows = not state.scenario.joined or any(each.phase == "look" for each in state.processes.values())
    if not state.open and state.may("outage") and shows:
        new = state.copy()
        new.spend("outage")
        new.open = True
        yield Step("opens", "the breaker opens", new, whim=True)
    if state.open:
        new = state.copy()
        new.open = False
        yield Step("closes", "the breaker closes", new)
    waits = any(job.reason == PauseReason.PROVIDER and not job.waited for job in state.jobs)
    if state.held and not (waits and state.scenario.joined):
        new = state.copy()
        new.held = False
        yield Step("unheld", "calls are held back no more", new)


def _later(state: State, number: int, name: str, what: str, *, spends: str = "", **fields: Any) -> Step:
    new = state.copy()
    if spends:
        new.spend(spends)
    new.jobs[number] = new.jobs[number]._replace(**fields)
    return Step(name, what, new, number=number, whim=bool(spends))


def quiet(state: State, number: int) -> bool:
    """Nothing of the job is on its way."""
    messages = (*state.dead, *(each for lane in state.lanes for each in lane))
    busy = {each.job for each in messages} | {each.job for each in state.processes.values()}
    return number not in busy and not state.changes[number] and not any(job == number for job, _ in state.waits)


def _janitor(state: State) -> Iterator[Step]:
    sweeping_now = {each.job for each in state.processes.values() if "janitor" in (each.actor, each.source)}
    for number, job in enumerate(state.jobs):
        if (state.scenario.janitor or job.still) and job.watched and not job.gone and number not in sweeping_now:
            new = state.copy()
            yield Step("sweep", "the janitor comes", new, new.begin(sweeping.swept(number)), number)


def _people(state: State) -> Iterator[Step]:
    for act, number, whim in people.acts(state):
        new = state.copy()
        if whim:
            new.spend(act)
        people.ACTS[act](new, number)
        started = new.number if new.number > state.number else 0
        yield Step(act, f"the user's {act}", new, started, number, whim=True)
    if state.may("grant"):
        new = state.copy()
        new.spend("grant")
        people.grant(new)
        yield Step("grant", "an admin's grant", new, new.number, whim=True)
