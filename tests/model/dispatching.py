"""Dispatch, whoever calls it. Done means that the process is at its end."""

from penstock.domain.job import PauseReason, Status
from tests.model import records
from tests.model.conditions import Answer, comes_back, goes_on, is_done, moves, verdict_of
from tests.model.state import CEILING, Change, Job, Message, Process, State

DEAD = comes_back("dies of what is not there any more")


def dispatch(source: str, *jobs: int, batch: tuple[Change, ...] = (), asks_waiting: bool = False) -> Process:
    first, *others = jobs
    home = Message(first, 0, 0, 0, 0)
    more = tuple(others)
    return Process("dispatch", "read", first, home, source=source, batch=batch, others=more, asks_waiting=asks_waiting)


def over(state: State, pid: int, what: str) -> Answer:
    """Done with this job: on to the next, or to those who wait for their turn, or to the end."""
    me = state.processes[pid]
    if me.others:
        moves(state, pid, "read", job=me.others[0], others=me.others[1:])
        return goes_on(what)
    if me.asks_waiting:
        moves(state, pid, "ask who waits", asks_waiting=False)
        return goes_on(what)
    return is_done(what)


def read(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone:
        return over(state, pid, "finds no job")
    if job.deleted:
        if job.running:
            return over(state, pid, "finds a deleted job that still runs")
        moves(state, pid, "remove")
        return goes_on("finds a deleted job")
    if job.status == Status.PAUSED:
        return _paused(state, pid, job)
    if not job.active:
        return over(state, pid, "finds nothing to do")
    return _nothing_open(state, pid, job) if job.remaining == 0 else _window(state, pid, job)


def _paused(state: State, pid: int, job: Job) -> Answer:
    seen = {"seen": (job.run,), "words": (str(job.reason),)}
    if job.reason == PauseReason.TOKENS:
        moves(state, pid, "see account", **seen)
        return goes_on("finds the job paused for quota")
    if job.reason == PauseReason.PROVIDER and job.waited:
        moves(state, pid, "wake", **seen)
        return goes_on("finds that the provider's pause is over")
    if job.reason == PauseReason.PROVIDER and job.barred and not state.open:
        moves(state, pid, "wake", **seen)
        return goes_on("finds that the breaker has closed")
    return over(state, pid, "finds the job paused")


def _nothing_open(state: State, pid: int, job: Job) -> Answer:
    if state.scenario.jobs[state.processes[pid].job].finishes:
        moves(state, pid, "see finish step", seen=(job.run, job.retried))
        return goes_on("finds only the finish step open")
    moves(state, pid, "finish", seen=(job.run,), words=(verdict_of(state, state.processes[pid].job),))
    return goes_on("finds nothing open")


def _window(state: State, pid: int, job: Job) -> Answer:
    window = state.scenario.window
    if not records.has_room(state, state.processes[pid].job):
        return over(state, pid, "finds the window full")
    begun = job.sent or job.cursor
    seen = job.run, job.retried, job.cursor, min(window, window - job.room)
    moves(state, pid, "look at items" if begun else "look at older", seen=seen)
    return goes_on("finds room in the window" if begun else "finds a job that has sent nothing")


def look_at_older(state: State, pid: int, _order: str) -> Answer:
    """A job waits for its turn behind older ones of its kind."""
    number = state.processes[pid].job
    older = [each for each in rivals(state, number) if each < number]
    if len(older) >= state.scenario.at_once:
        return over(state, pid, "finds that it is not its turn")
    moves(state, pid, "look at items")
    return goes_on("finds that it is its turn")


def rivals(state: State, number: int) -> list[int]:
    kinds = state.scenario.jobs
    return [
        other
        for other, job in enumerate(state.jobs)
        if job.active and not job.deleted and kinds[other] == kinds[number]
    ]


def remove(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone or not job.deleted or job.running:
        return over(state, pid, "has nothing to remove")
    records.write(state, me.job, gone=True)
    return over(state, pid, "removes the job")


def see_account(state: State, pid: int, _order: str) -> Answer:
    if state.balance < CEILING:
        return over(state, pid, "cannot pay")
    moves(state, pid, "wake")
    return goes_on("can pay")


def wake(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if job.gone or job.status != Status.PAUSED or job.reason != me.words[0] or job.run != me.seen[0]:
        same = " in the same run" * (job.run == me.seen[0])
        return over(state, pid, f"is too late to wake the job, which is {job.status} ({job.reason}){same}")
    records.new_run(state, me.job)
    moves(state, pid, "read")
    return goes_on("wakes the job")


def finish(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    job = state.jobs[me.job]
    if not job.current(me.seen[0]) or job.remaining:
        return over(state, pid, f"is too late to finish the job, which is {job.status}")
    records.write(state, me.job, status=Status(me.words[0]), watched=False)
    return over(state, pid, "finishes the job")


def see_finish_step(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    number = state.scenario.jobs[me.job].lines
    item = state.items[me.job][number]
    if item.running and item.leased:
        return over(state, pid, "finds the finish step at work")
    moves(state, pid, "send", seen=(*me.seen, -1, 0, 0, number, 0))
    return goes_on("finds the finish step to do")


def look_at_items(state: State, pid: int, _order: str) -> Answer:
    """What is sent next: (run, retry, cursor as read, cursor to be, sent, then index and stage of each line)."""
    me = state.processes[pid]
    run, retried, cursor, room = me.seen
    lines = [(index, item) for index, item in state.lines(me.job) if index >= cursor]
    open_ = [(index, item.to_do()) for index, item in lines if item.open(retried)]
    chosen = open_[:room]
    end = chosen[-1][0] + 1 if len(open_) > room else state.scenario.jobs[me.job].lines
    passed = {index for index, item in lines if item.status and item.run == run and index < end}
    count = len(passed | {index for index, _ in chosen})
    if chosen and state.jobs[me.job].purged:
        return DEAD
    pairs = (number for pair in chosen for number in pair)
    moves(state, pid, "send" if chosen else "advance", seen=(run, retried, cursor, end, count, *pairs))
    return goes_on(f"chooses {len(chosen)}")


def send(state: State, pid: int, order: str) -> Answer:
    me = state.processes[pid]
    run, retried, cursor, _, _, *pairs = me.seen
    outgoing = [Message(me.job, pairs[at], pairs[at + 1], run, retried) for at in range(0, len(pairs), 2)]
    if order == "in part":
        queue(state, outgoing[0])
        return comes_back("sends only the first, and dies")
    for message in outgoing:
        queue(state, message)
    if cursor < 0:
        return over(state, pid, "sends the finish step")
    moves(state, pid, "advance")
    return goes_on("sends")


def queue(state: State, message: Message) -> None:
    """A message that was sent in the last five minutes is swallowed."""
    if message not in state.sent:
        state.sent |= {message}
        state.lanes[message.item % state.scenario.lanes] += (message,)


def advance(state: State, pid: int, _order: str) -> Answer:
    me = state.processes[pid]
    run, _, cursor, end, count, *_ = me.seen
    job = state.jobs[me.job]
    if job.gone or job.run != run or job.cursor != cursor:
        same = " in the same place" * (job.cursor == cursor)
        return over(state, pid, f"is too late to advance{same}")
    records.write(state, me.job, cursor=end, sent=job.sent + count, still=False)
    return over(state, pid, "advances")


def ask_who_waits(state: State, pid: int, _order: str) -> Answer:
    """A place is free: jobs of the same kind that have sent nothing yet are dispatched."""
    waiting = [each for each in rivals(state, state.processes[pid].job) if state.jobs[each].sent == 0]
    waiting = waiting[: state.scenario.at_once]
    moves(state, pid, "read", others=tuple(waiting))
    return over(state, pid, f"finds {len(waiting)} waiting")


CALLS = {
    "read": read,
    "remove": remove,
    "see account": see_account,
    "wake": wake,
    "finish": finish,
    "see finish step": see_finish_step,
    "look at older": look_at_older,
    "look at items": look_at_items,
    "send": send,
    "advance": advance,
    "ask who waits": ask_who_waits,
}
