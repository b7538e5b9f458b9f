"""The handler of dead letters, with one of them. Done: the letter is deleted; if not, it stays."""

from penstock.domain.item import ItemStatus
from penstock.domain.job import Status
from tests.model import conditions, records, working
from tests.model.conditions import Answer, goes_on, is_done, moves
from tests.model.state import Message, Process, State

LOOKS = 6


def buried(message: Message) -> Process:
    return Process("dead letters", "see job", message.job, message)


def see_job(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone:
        return is_done("finds no job")
    moves(state, pid, "see item", claims=me.claims + 1, seen=(int(job.current(me.message.run)),), words=(job.status,))
    return goes_on("sees the job")


def see_item(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    item, (current,), (status,) = state.item(me.message), me.seen, me.words
    if not current and not item.running:
        return is_done("drops a letter of a past run")
    if item.running and (not current or item.stage == me.message.stage):
        if item.leased:
            return Answer("finds the item held", done=bool(not current and item.run != me.message.run))
        moves(state, pid, "fail" if current else "release", seen=(item.fence, 1), words=(status,))
        return goes_on("finds an abandoned item")
    if current and conditions.claimable(state, me.message):
        moves(state, pid, "fail", seen=(item.fence, 0))
        return goes_on("finds an item that waits")
    return is_done("finds the item settled")


def release(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone or job.status != me.words[0] or not state.item(me.message).abandoned(me.seen[0]):
        return _looks_again(state, pid)
    records.release(state, me.message)
    return is_done("releases the item")


def _holds(state: State, me: Process) -> bool:
    """The item is still as it was seen. One that nobody ever claimed has no fence to be known by."""
    fence, ran = me.seen
    item = state.item(me.message)
    return item.abandoned(fence) if ran else conditions.claimable(state, me.message) and fence in (0, item.fence)


def fail(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if state.finishes(me.job, me.message.item):
        return _fail_finish(state, pid)
    if not state.jobs[me.job].current(me.message.run) or not _holds(state, me):
        return _looks_again(state, pid)
    records.failed(state, me.message, ItemStatus.FAILED, stage=me.message.stage, run=me.message.run)
    return is_done("settles as failed")


def _fail_finish(state: State, pid: int) -> Answer:
    me = state.processes[pid]
    if not _holds(state, me):
        return _looks_again(state, pid)
    if not conditions.startable(state, me.message):
        moves(state, pid, "queue again")
        return goes_on("cannot end the job now")
    working.end(state, me._replace(words=(ItemStatus.FAILED, Status.FAILED)))
    return is_done("ends the job failed")


def queue_again(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    if not _holds(state, me) or state.jobs[me.job].gone:
        return _looks_again(state, pid)
    records.finish_step(state, me.message, ItemStatus.QUEUED)
    return is_done("queues the finish step again")


def _looks_again(state: State, pid: int) -> Answer:
    moves(state, pid, "see job")
    return Answer("is to look again", done=False if state.processes[pid].claims == LOOKS else None)


CALLS = {"see job": see_job, "see item": see_item, "release": release, "fail": fail, "queue again": queue_again}
