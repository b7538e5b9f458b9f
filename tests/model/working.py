"""A worker that holds its item: its work, and how it settles it. Each call answers what it came to, and whether the
message is done with (None: it goes on)."""

from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from tests.model import records
from tests.model.conditions import Answer, comes_back, goes_on, is_done, moves, startable, verdict_of
from tests.model.state import TERMINAL, TRIES, Process, State


def works(state: State, pid: int, fence: int, what: str, *, may_call: bool, untouched: bool) -> Answer:
    message = state.processes[pid].message
    stored = records.is_stored(state.item(message), records.shelf(state, message)) and not untouched
    moves(state, pid, "look", fence=fence)
    if stored:
        _to_settle(state, pid)
    elif not may_call:
        moves(state, pid, "see item", words=("refused",))
    how = "; its step is stored" if stored else "" if may_call else "; its tries are used up"
    return goes_on(what + how)


def _to_settle(state: State, pid: int) -> None:
    me = state.processes[pid]
    moves(state, pid, "see job" if state.finishes(me.job, me.message.item) else "settle")


def look(state: State, pid: int, order: str) -> Answer:
    """Is the job cancelled? If not, the provider is asked, if it may be, and `order` is what it makes of it."""
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone or job.status == Status.CANCELLED:
        moves(state, pid, "see item", words=("stopped",))
        return goes_on("sees the job cancelled")
    if state.open or state.held:
        moves(state, pid, "see item", words=("barred" if state.open else "limited",))
        return goes_on("is barred by the breaker" if state.open else "is barred by a 429")
    if order != "answered":
        state.held = order == "limited"
        moves(state, pid, "see item", words=(order,))
        return goes_on(f"is {order}")
    records.store(state, me.message)
    _to_settle(state, pid)
    return goes_on("is answered")


# ── settle ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def held(state: State, me: Process) -> bool:
    """All that a settle tests."""
    return state.item(me.message).mine(me.fence) and not state.jobs[me.job].gone


def lost(state: State, me: Process) -> Answer:
    """A settle that was refused had been made before, if the item is over or further on. At the same stage it was
    released, or is somebody else's, and its message may be the last."""
    item = state.item(me.message)
    if item.status is None or item.fence != me.fence:
        return comes_back("finds the item another's")
    if item.status in TERMINAL or item.stage != me.message.stage:
        return is_done("finds its claim ended")
    return comes_back("finds the item released")


def settle(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not held(state, me):
        return lost(state, me)
    if me.message.stage + 1 < state.scenario.jobs[me.job].stages:
        records.stage_done(state, me.message)
        return is_done("settles its stage")
    records.done(state, me.message)
    return is_done("settles as done")


def see_item(state: State, pid: int, _order: str) -> Answer:
    """Its work ended badly: what becomes of the item goes by what stands there."""
    me = state.processes[pid]
    item, fate = state.item(me.message), me.words[0]
    if not item.mine(me.fence):
        return comes_back("finds the item another's")
    if fate in ("limited", "barred"):
        moves(state, pid, "pause for provider")
    elif fate in ("refused", "stopped") or item.tries >= TRIES:
        _to_fail(state, pid, ItemStatus.CANCELLED if fate == "stopped" else ItemStatus.FAILED)
    else:
        moves(state, pid, "give back")
    return goes_on(f"was {fate}: is to {state.processes[pid].phase}")


def _to_fail(state: State, pid: int, status: ItemStatus) -> None:
    me = state.processes[pid]
    if state.finishes(me.job, me.message.item):
        moves(state, pid, "end job", words=(ItemStatus.FAILED, Status.FAILED))
    else:
        moves(state, pid, "fail", words=(status,))


def fail(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not held(state, me):
        return lost(state, me)
    records.failed(state, me.message, ItemStatus(me.words[0]))
    return is_done(f"settles as {me.words[0]}")


def give_back(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    item = state.item(me.message)
    if not item.mine(me.fence):
        return lost(state, me)
    state.put(me.message, item._replace(leased=False))
    return comes_back("gives back")


def pause_for_provider(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not state.item(me.message).mine(me.fence):
        return lost(state, me)
    if not state.jobs[me.job].current(me.message.run):
        moves(state, pid, "look again")
        return goes_on("cannot pause: its run is past")
    paused = {"status": Status.PAUSED, "reason": PauseReason.PROVIDER, "waited": False}
    records.put_back(state, me.message, **paused, barred=me.words == ("barred",))
    return is_done("pauses the job for the provider")


def look_again(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if (job.gone or job.status == Status.CANCELLED) and not state.finishes(me.job, me.message.item):
        moves(state, pid, "fail", words=(ItemStatus.CANCELLED,))
        return goes_on("sees the job cancelled")
    moves(state, pid, "put back")
    return goes_on("sees the job not cancelled")


def put_back(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not held(state, me):
        return lost(state, me)
    records.put_back(state, me.message)
    return is_done("puts back")


# ── the finish step ──────────────────────────────────────────────────────────────────────────────────────────────────


def see_job(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    verdict = verdict_of(state, me.job) if not job.gone else Status.COMPLETED
    moves(state, pid, "end job", words=(ItemStatus.DONE, verdict))
    return goes_on(f"sees that the job is to be {verdict}")


def end_job(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not state.item(me.message).mine(me.fence):
        return lost(state, me)
    if not startable(state, me.message):
        moves(state, pid, "queue again")
        return goes_on("cannot end the job now")
    end(state, me)
    return is_done(f"ends the job {me.words[1]}")


def end(state: State, me: Process) -> None:
    item, verdict = ItemStatus(me.words[0]), Status(me.words[1])
    unfinished = item == ItemStatus.FAILED
    records.finish_step(state, me.message, item, status=verdict, unfinished=unfinished, watched=False)


def queue_again(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not held(state, me):
        return lost(state, me)
    records.finish_step(state, me.message, ItemStatus.QUEUED)
    return is_done("queues the finish step again")


CALLS = {
    "look": look,
    "settle": settle,
    "see item": see_item,
    "fail": fail,
    "give back": give_back,
    "pause for provider": pause_for_provider,
    "look again": look_again,
    "put back": put_back,
    "see job": see_job,
    "end job": end_job,
    "queue again": queue_again,
}
