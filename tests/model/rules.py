"""What must hold in every state, and what a good end is."""

from collections import Counter

from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from tests.model.state import CEILING, USED, Job, State


def violation(state: State) -> str:
    """What is wrong, or nothing."""
    if state.balance < 0:
        return "the balance is negative"
    items = [item for row in state.items for item in row]
    known = sum(item.reserved + item.charged for item in items) + state.balance
    if known != state.granted and not any(job.purged for job in state.jobs):
        return "balance + reserved + charged is not what was granted"
    if any(item.reserved and not item.running for item in items):
        return "a reservation on an item that does not run"
    return next(filter(None, (_job(state, number, job) for number, job in enumerate(state.jobs))), "")


def _job(state: State, number: int, job: Job) -> str:
    if job.gone:
        return "a job with running items is gone" if any(item.running for item in state.items[number]) else ""
    return _counters(state, number, job) or _window(state, number, job) or _status(state, number, job)


def _counters(state: State, number: int, job: Job) -> str:
    tally = Counter(
        item.status for _, item in state.lines(number) if not (item.reopened(job.retried) or item.status is None)
    )
    counted = tally[ItemStatus.DONE], tally[ItemStatus.FAILED], tally[ItemStatus.CANCELLED]
    if (job.completed, job.failed, job.cancelled) != counted:
        return "the counters are not a recount of the items"
    if job.remaining != state.scenario.jobs[number].lines - sum(counted):
        return "remaining is not what the counters leave"
    if job.running != sum(item.running for item in state.items[number]):
        return "running is not a recount of the items"
    return _charges(state, number)


def _charges(state: State, number: int) -> str:
    stages = state.scenario.jobs[number].stages
    for _, item in state.lines(number):
        if item.status == ItemStatus.DONE and item.charged != stages * USED:
            return "a line that is done was not charged once for each stage"
        if item.status == ItemStatus.FAILED and item.charged:
            return "a line that failed stays charged"
    return ""


def _window(state: State, number: int, job: Job) -> str:
    below = sum(item.open(job.retried) for index, item in state.lines(number) if index < job.cursor)
    if job.active and job.room > below:
        return "more counts as under way than is open below the cursor: the window can starve"
    return ""


def _status(state: State, number: int, job: Job) -> str:
    if job.status in (Status.COMPLETED, Status.FAILED):
        if job.remaining or job.running:
            return "a job has ended with lines open or running"
        every = job.failed == state.scenario.jobs[number].lines
        if (job.status == Status.FAILED) != (every or job.unfinished):
            return "a job has ended with the wrong word"
    if job.status == Status.PAUSED and job.reason == PauseReason.TOKENS and not job.remaining:
        return "a job with nothing open is paused for quota"
    return ""


def at_rest(state: State) -> bool:
    """Nothing is owed: every job has ended, or waits for what only its user can do, and holds no reservation."""
    for number, job in enumerate(state.jobs):
        if job.gone:
            continue
        waits = job.status == Status.PAUSED and (
            job.reason == PauseReason.USER or (job.reason == PauseReason.TOKENS and state.balance < CEILING)
        )
        if job.deleted or job.active or not (waits or job.status != Status.PAUSED):
            return False
        if any(item.running for item in state.items[number]):
            return False
    return True
