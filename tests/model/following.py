"""The dispatcher reads the stream: the changes of a job, and that an item waits at a later stage."""

from penstock.domain.item import ItemStatus
from tests.model import records
from tests.model.conditions import Answer, goes_on, is_done, moves
from tests.model.dispatching import dispatch, queue
from tests.model.state import Message, Process, State


def takes_change(state: State, number: int, count: int) -> str:
    """The dispatcher reads the job's oldest changes; what they come to."""
    batch = state.changes[number][:count]
    state.changes[number] = state.changes[number][count:]
    change = records.join(batch)
    if change.after is None:
        if change.before is not None:
            purge(state, number)
        waiting = bool(change.before)
    else:
        waiting = not change.after and (change.before is None or change.before or change.joined)
    if change.asks:
        state.begin(dispatch("stream", number, batch=batch, asks_waiting=waiting))
    elif waiting:
        state.begin(dispatch("stream", number, batch=batch)._replace(phase="ask who waits"))
    return f"reads that it {'asks for dispatch' if change.asks else 'needs nothing'}{', and others may' * waiting}"


def purge(state: State, number: int) -> None:
    state.jobs[number] = state.jobs[number]._replace(purged=True)
    state.items[number] = [type(item)() for item in state.items[number]]


def takes_waiting(state: State, job: int, item: int) -> None:
    waits = list(state.waits)
    waits.remove((job, item))
    state.waits = tuple(waits)
    state.begin(Process("stage", "see job", job, Message(job, item, 0, 0, 0), source="stream"))


def see_job(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    moves(state, pid, "see item", seen=(int(job.active), job.run, job.retried))
    return goes_on("sees the job")


def see_item(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    active, run, retried = me.seen
    item = state.item(me.message)
    if not active or item.status != ItemStatus.QUEUED or item.stage == 0:
        return is_done("finds no stage to send")
    moves(state, pid, "send stage", message=Message(me.job, me.message.item, item.stage, run, retried))
    return goes_on("finds a stage to send")


def send_stage(state: State, pid: int, _order: str) -> Answer:
    queue(state, state.processes[pid].message)
    return is_done("sends the next stage")


CALLS = {"see job": see_job, "see item": see_item, "send stage": send_stage}
