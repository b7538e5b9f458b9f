"""The janitor with one watched job."""

from penstock.domain.job import PauseReason
from tests.model import records
from tests.model.conditions import Answer, goes_on, is_done, moves
from tests.model.dispatching import dispatch
from tests.model.state import Message, Process, State


def swept(number: int) -> Process:
    return Process("janitor", "see job", number)


def see_job(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone:
        return is_done("finds no job")
    if records.revivable(job):
        moves(state, pid, "revive", seen=(job.run,))
        return goes_on("finds the job standing still")
    asks, running = records.asks(state, me.job), job.running > 0
    seen = (int(asks), int(running), job.run)
    moves(state, pid, "", seen=seen, words=(job.status, str(job.reason)))
    if running and not job.active:
        moves(state, pid, "look for abandoned")
        return goes_on("finds items running in a job that stands")
    return _rest(state, pid, stop=not job.active)


def _rest(state: State, pid: int, *, stop: bool = True) -> Answer:
    """As it was read, the job is dispatched, or need not be watched any more."""
    me = state.processes[pid]
    asks, running, run, *_ = me.seen
    if asks:
        state.processes[pid] = dispatch("janitor", me.job)
        return goes_on("is to dispatch the job")
    if stop and not running and me.words[1] not in (PauseReason.TOKENS, PauseReason.PROVIDER):
        moves(state, pid, "stop watching", seen=(run,), words=me.words[:1])
        return goes_on("is to stop watching the job")
    return is_done("leaves the job alone")


def revive(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if not job.current(me.seen[0]) or not job.still:
        return is_done("need not revive the job any more")
    records.new_run(state, me.job)
    state.processes[pid] = dispatch("janitor", me.job)
    return goes_on("revives the job")


def look_for_abandoned(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    found = [(i, item.fence) for i, item in enumerate(state.items[me.job]) if item.running and not item.leased]
    moves(state, pid, "release", seen=(*me.seen, *(number for pair in found for number in pair)))
    return _next(state, pid, f"finds {len(found)} abandoned")


def _next(state: State, pid: int, what: str) -> Answer:
    if len(state.processes[pid].seen) > 3:
        return goes_on(what)
    return _rest(state, pid)._replace(what=what)


def release(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job, (asks, running, run, index, fence, *rest) = state.jobs[me.job], me.seen
    held = not job.gone and job.status == me.words[0]
    what = "has nothing to release any more"
    if held and state.items[me.job][index].abandoned(fence):
        records.release(state, Message(me.job, index, 0, 0, 0))
        what = "releases an item"
    moves(state, pid, "release", seen=(asks, running, run, *rest))
    return _next(state, pid, what)


def stop_watching(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone or job.deleted or job.status != me.words[0] or job.run != me.seen[0] or job.running:
        return is_done("must go on watching the job")
    records.write(state, me.job, watched=False)
    return is_done("stops watching the job")


CALLS = {
    "see job": see_job,
    "revive": revive,
    "look for abandoned": look_for_abandoned,
    "release": release,
    "stop watching": stop_watching,
}
