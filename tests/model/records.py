"""What each write does to the records. Whether it may is the business of whoever makes it."""

from typing import Any

from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from tests.model.state import CEILING, LAST_RUN, USED, Change, Item, Job, Message, State


def ceiling(state: State, message: Message) -> int:
    return 0 if state.finishes(message.job, message.item) else CEILING


def asks(state: State, number: int) -> bool:
    """Whether the job's record shows anything to do for a dispatch."""
    job = state.jobs[number]
    if job.deleted:
        return True
    if job.status == Status.PAUSED:
        return job.reason != PauseReason.USER
    return job.active and (job.remaining == 0 or has_room(state, number))


def has_room(state: State, number: int) -> bool:
    job = state.jobs[number]
    return job.room <= state.scenario.window // 2 and job.cursor < state.scenario.jobs[number].lines


def write(state: State, number: int, **fields: Any) -> None:
    """Changes the job's record; the stream tells."""
    before = state.jobs[number]
    state.jobs[number] = before._replace(**fields)
    after = None if state.jobs[number].gone else state.jobs[number].active
    state.last[number] = Change(after is not None and asks(state, number), before.active, after)
    tell(state, number, state.last[number])


def tell(state: State, number: int, change: Change) -> None:
    changes = (*state.changes[number], change)
    state.changes[number] = (join(changes),) if state.scenario.joined else changes


def join(changes: tuple[Change, ...]) -> Change:
    """As one: what it was like at first, what it is like now."""
    first, last = changes[0], changes[-1]
    before = next((each.before for each in changes if each.before is not None), None)
    return Change(last.asks, before, last.after, first.joined or len(changes) > 1)


def new_run(state: State, number: int, **fields: Any) -> None:
    run = state.jobs[number].run + 1
    fresh = {"cursor": 0, "sent": 0, "settled": 0, "reason": None, "watched": True, "still": False}
    over = {"waited": False, "barred": False}
    write(state, number, status=Status.PENDING, run=run, **fresh, **over, **fields)


def revivable(job: Job) -> bool:
    return job.active and job.still and bool(job.sent or job.cursor) and job.run < LAST_RUN


def retry(state: State, number: int) -> None:
    job = state.jobs[number]
    new_run(state, number, remaining=job.remaining + job.failed, failed=0, retried=job.run + 1, unfinished=False)


def claim(state: State, message: Message, variant: str) -> int:
    """The item runs; its fence."""
    item, cost = state.item(message), ceiling(state, message)
    again = variant == "again"
    fence = item.fence + 1
    claimed = item._replace(
        status=ItemStatus.RUNNING,
        stage=message.stage,
        fence=fence,
        tries=item.tries + 1 if variant == "queued" else 1,
        reserved=cost,
        charged=0 if again else item.charged,
        leased=True,
        run=message.run,
    )
    state.put(message, claimed)
    state.balance -= cost
    job = state.jobs[message.job]
    write(state, message.job, status=Status.PROCESSING, running=job.running + 1, still=False)
    return fence


def take_over(state: State, message: Message) -> int:
    item = state.item(message)
    fence = item.fence + 1
    state.put(message, item._replace(fence=fence, leased=True, run=message.run, tries=item.tries + 1))
    write(state, message.job, still=False)
    return fence


def let_go(state: State, message: Message, status: ItemStatus, **fields: Any) -> bool:
    """The item leaves `running` (or, never claimed, is settled all the same) and what it reserved returns; whether it
    ran."""
    item = state.item(message)
    state.balance += item.reserved
    state.put(message, item._replace(status=status, reserved=0, leased=False, **fields))
    now = state.item(message)
    if status == ItemStatus.QUEUED and now.stage > 0:
        state.waits = tuple(sorted((*state.waits, (message.job, message.item))))
    return item.running


def stage_done(state: State, message: Message) -> None:
    charge(state, message)
    item = state.item(message)
    let_go(state, message, ItemStatus.QUEUED, stage=item.stage + 1, tries=0)
    write(state, message.job, running=state.jobs[message.job].running - 1)


def done(state: State, message: Message) -> None:
    charge(state, message)
    let_go(state, message, ItemStatus.DONE)
    settled(state, message.job, "completed", ran=True)


def charge(state: State, message: Message) -> None:
    state.balance -= USED
    item = state.item(message)
    state.put(message, item._replace(charged=item.charged + USED))


def failed(state: State, message: Message, status: ItemStatus, **fields: Any) -> None:
    """Failed or cancelled for good: what its earlier stages were charged returns, too."""
    state.balance += state.item(message).charged
    ran = let_go(state, message, status, charged=0, **fields)
    settled(state, message.job, "failed" if status == ItemStatus.FAILED else "cancelled", ran=ran)


def settled(state: State, number: int, counter: str, *, ran: bool) -> None:
    job = state.jobs[number]
    counts = {counter: getattr(job, counter) + 1, "remaining": job.remaining - 1, "settled": job.settled + 1}
    write(state, number, running=job.running - ran, **counts)


def release(state: State, message: Message) -> None:
    """An abandoned item of a job that stands still: back to the queue, or cancelled with its job."""
    job = state.jobs[message.job]
    if job.status == Status.CANCELLED and not state.finishes(message.job, message.item):
        settled(state, message.job, "cancelled", ran=let_go(state, message, ItemStatus.CANCELLED))
    else:
        let_go(state, message, ItemStatus.QUEUED)
        write(state, message.job, running=job.running - 1)


def put_back(state: State, message: Message, **fields: Any) -> None:
    """As if it had not been tried; `fields` are the job's."""
    let_go(state, message, ItemStatus.QUEUED, tries=state.item(message).tries - 1)
    write(state, message.job, running=state.jobs[message.job].running - 1, **fields)


def finish_step(state: State, message: Message, becomes: ItemStatus, **fields: Any) -> None:
    """The finish step is settled, or queued again; `fields` are what becomes of its job."""
    ran = let_go(state, message, becomes, run=message.run, tries=0, stage=0)
    write(state, message.job, running=state.jobs[message.job].running - ran, **fields)


def store(state: State, message: Message) -> None:
    item = state.item(message)
    if not state.jobs[message.job].purged:
        state.put(message, item._replace(stored=item.stored | 1 << shelf(state, message)))


def is_stored(item: Item, number: int) -> bool:
    return bool(item.stored >> number & 1)


def shelf(state: State, message: Message) -> int:
    return message.retried if state.finishes(message.job, message.item) else message.stage
