"""A worker with one message, until it holds its item: the claim, and what is made of one that is refused."""

from penstock.domain.job import PauseReason, Status
from tests.model import records
from tests.model.conditions import Answer, claimable, comes_back, fits, goes_on, is_done, moves, startable, variants
from tests.model.state import TRIES, Message, Process, State
from tests.model.working import works

# Claims of one delivery before it gives up for now.
CLAIMS = 6


def received(state: State, message: Message) -> Process:
    return Process("worker", "claim", message.job, message, held=True, variant=variants(state, message)[0])


def claim(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    message, claims = me.message, me.claims + 1
    open_ = fits(state, message, me.variant)
    if startable(state, message) and open_ and state.balance >= records.ceiling(state, message):
        fence = records.claim(state, message, me.variant)
        return works(state, pid, fence, f"claims ({me.variant})", may_call=True, untouched=me.variant == "new")
    moves(state, pid, "claim", claims=claims)
    fitting = next((each for each in variants(state, message) if fits(state, message, each)), me.variant)
    if not open_ and fitting != me.variant:
        moves(state, pid, "claim", variant=fitting)
        return _again(state, pid, f"is to claim otherwise ({fitting})")
    if not startable(state, message):
        return _outdated(state, pid)
    return _taken(state, pid) if not open_ else _short(state, pid)


def _again(state: State, pid: int, what: str) -> Answer:
    return Answer(what, done=False if state.processes[pid].claims == CLAIMS else None)


def _outdated(state: State, pid: int) -> Answer:
    message = state.processes[pid].message
    job, item = state.jobs[message.job], state.item(message)
    if job.gone or not item.running:
        return is_done("comes too late: nothing to do")
    if item.leased:
        return Answer("comes too late: somebody holds the item", done=item.run != message.run)
    moves(state, pid, "release", seen=(item.fence,), words=(job.status,))
    return goes_on("comes too late: is to release the item")


def _taken(state: State, pid: int) -> Answer:
    message = state.processes[pid].message
    item = state.item(message)
    if not item.running or item.stage != message.stage:
        return is_done("finds the item settled")
    if item.leased:
        return comes_back("finds the item held")
    moves(state, pid, "take over", seen=(item.fence, item.tries))
    return goes_on("is to take over")


def _short(state: State, pid: int) -> Answer:
    moves(state, pid, "pause for quota")
    return goes_on("cannot pay")


def release(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if not job.gone and job.status == me.words[0] and state.item(me.message).abandoned(me.seen[0]):
        records.release(state, me.message)
        return is_done("releases the item")
    moves(state, pid, "claim")
    return _again(state, pid, "has nothing to release any more")


def take_over(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    fence, tries = me.seen
    if state.jobs[me.job].current(me.message.run) and state.item(me.message).abandoned(fence):
        new = records.take_over(state, me.message)
        return works(state, pid, new, "takes over", may_call=tries < TRIES, untouched=False)
    moves(state, pid, "claim")
    return _again(state, pid, "is too late to take over")


def pause_for_quota(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    short = state.balance < records.ceiling(state, me.message)
    if state.jobs[me.job].current(me.message.run) and claimable(state, me.message) and short:
        records.write(state, me.job, status=Status.PAUSED, reason=PauseReason.TOKENS)
        return is_done("pauses the job for quota")
    why = "" if claimable(state, me.message) else ": the item is another's"
    moves(state, pid, "claim")
    return _again(state, pid, f"need not pause any more{why}")


CALLS = {"claim": claim, "release": release, "take over": take_over, "pause for quota": pause_for_quota}
