"""Brings the queue in line with a job's record. Level-triggered: calling it twice, late, or from two places changes
nothing.

Called right after a job is created or resumed, on every change of a job record, and by the janitor. No other code
sends messages, save `follow`, which sends the next stage of an item through the same `send_lines`.
"""

from collections.abc import Mapping, Sequence

from penstock.domain.account import can_pay
from penstock.domain.breaker import Breaker
from penstock.domain.conditions import Compare, Present, equals
from penstock.domain.item import Item, ItemStatus
from penstock.domain.job import (
    ACTIVE,
    PAUSE_FIELDS,
    SYSTEM_REASONS,
    Action,
    Job,
    PauseReason,
    Status,
    change,
    current,
    ended,
    may,
    new_run,
)
from penstock.domain.message import ItemMessage, Outgoing
from penstock.domain.writes import BreakerOf, Delete, JobOf, Refusal
from penstock.engine.parts import Parts

# Lines looked at in one move. Lines never claimed have no record, so a fresh job costs nothing here.
SPAN = 1_000
# Enough to pass over 10,000 settled lines in one call; whatever is left, the next change of the record brings back.
MOVES = 16

Line = tuple[int, int]  # index, stage to do


def dispatch(parts: Parts, user: str, job_id: str) -> None:
    """Makes the moves that the record asks for, each from a fresh consistent read."""
    for _ in range(MOVES):
        job = parts.records.job(user, job_id)
        if job is None or not _move(parts, job):
            return


def asks_for_dispatch(job: Job, window: int, now: int) -> bool:
    """Whether an image of the job shows anything to do. If it does not, a later change has a later image."""
    if job.deleted_at or job.expired(now):
        return True
    if job.status == Status.PAUSED:
        return job.pause_reason in SYSTEM_REASONS
    return job.active and (job.remaining == 0 or _has_room(job, window))


def send_lines(parts: Parts, job: Job, lines: Sequence[Line]) -> None:
    """One message for each line, with all that its worker needs. Sending a line twice is harmless."""
    settings = parts.records.settings(job.job_id)
    indexes = [index for index, _ in lines if index < job.total]
    inputs = parts.records.inputs(job.job_id, indexes[0], indexes[-1]) if indexes else []
    messages = [
        ItemMessage(
            user=job.user,
            job_id=job.job_id,
            kind=job.kind,
            model=job.model,
            index=index,
            stage=stage,
            run=job.run,
            retried_in=job.retried_in,
            total=job.total,
            input=inputs[index - indexes[0]] if index < job.total else {},
            settings=settings,
        )
        for index, stage in lines
    ]
    kind = parts.kinds[job.kind]
    outgoing = [Outgoing(each.encode(), kind.group(job.user, each.index), each.dedup_id) for each in messages]
    parts.queues.send(job.priority, outgoing)


def _move(parts: Parts, job: Job) -> bool:
    """At most one move; whether another look may find a further one."""
    now = parts.clock()
    if job.deleted_at:
        return _remove(parts, job)
    if job.expired(now) and not _over(parts, job):
        return _expire(parts, job, now)
    if job.status == Status.PAUSED:
        return _wake(parts, job, now)
    if not job.active:
        return False
    if job.remaining == 0:
        return _finish(parts, job, now)
    return _has_room(job, parts.limits.window) and _in_turn(parts, job) and _fill(parts, job, now)


def _over(parts: Parts, job: Job) -> bool:
    """Every line was settled in time; only the word for it is missing."""
    return job.active and job.remaining == 0 and parts.kinds[job.kind].finish is None


def _remove(parts: Parts, job: Job) -> bool:
    """The record goes first, and only when nothing runs: a reservation must not vanish with its item."""
    if job.running == 0:
        parts.table.transact([Delete(JobOf(job.user, job.job_id), Present("deleted_at") & equals("running", 0))])
    return False


def _expire(parts: Parts, job: Job, now: int) -> bool:
    fields = {"status": Status.FAILED, "completed_at": now, "error_message": "The job's time limit passed."}
    when = may(Action.EXPIRE) & equals("run", job.run) & Compare("expires_at", "<=", now)
    parts.table.update(change(JobOf(job.user, job.job_id), now, when, set=fields, remove=PAUSE_FIELDS))
    return False


def _wake(parts: Parts, job: Job, now: int) -> bool:
    """Paused by the system, and the reason is gone: a new run. The test is the claim's own, on what it had asked
    for."""
    if job.pause_reason not in SYSTEM_REASONS or not _reason_gone(parts, job, now):
        return False
    when = equals("status", Status.PAUSED) & equals("pause_reason", job.pause_reason) & equals("run", job.run)
    woken = parts.table.update(change(JobOf(job.user, job.job_id), now, when, set=new_run(now), add={"run": 1}))
    return not isinstance(woken, Refusal)


def _reason_gone(parts: Parts, job: Job, now: int) -> bool:
    if job.pause_reason == PauseReason.PROVIDER:
        return (job.resume_at is not None and job.resume_at <= now) or _closed(parts, job.breaker)
    return job.budget_left >= job.needs.cost and can_pay(job.needs).holds(parts.records.account(job.user))


def _closed(parts: Parts, provider: str | None) -> bool:
    """The job was paused by an open breaker; one that is closed now has closed since."""
    return provider is not None and not Breaker.of(provider, parts.table.get(BreakerOf(provider))).is_open


def _finish(parts: Parts, job: Job, now: int) -> bool:
    """Nothing is open: the finish step's message, or the end."""
    kind = parts.kinds[job.kind]
    if kind.finish:
        step = parts.records.item(job.job_id, job.total)
        if step is None or step.status != ItemStatus.RUNNING or step.lease_until < now:
            send_lines(parts, job, [(job.total, 0)])
        return False
    fields = ended(job.verdict, now, kind.retention)
    if job.verdict == Status.FAILED:
        fields["error_message"] = f"Every {kind.noun} failed: see the items for the reasons."
    when = current(job.run) & equals("remaining", 0)
    parts.table.update(change(JobOf(job.user, job.job_id), now, when, set=fields))
    return False


def _has_room(job: Job, window: int) -> bool:
    return job.sent - job.settled <= window // 2 and job.cursor < job.total


def _in_turn(parts: Parts, job: Job) -> bool:
    """A job that has sent nothing yet waits while older ones of its kind and priority fill `jobs_at_once`. It is
    dispatched when one of them ends (`follow`)."""
    if job.sent or job.cursor:
        return True
    rivals = ACTIVE & equals("kind", job.kind) & equals("priority", job.priority)
    older = [each for each in parts.records.jobs(job.user, only=rivals) if each.job_id < job.job_id]
    return len(older) < parts.kinds[job.kind].jobs_at_once


def _fill(parts: Parts, job: Job, now: int) -> bool:
    """Sends the next window, then advances: never the other way round, or a crash between the two would lose lines."""
    room = min(parts.limits.window, parts.limits.window - (job.sent - job.settled))
    end = min(job.cursor + SPAN, job.total)
    known = {item.index: item for item in parts.records.items(job.job_id, job.cursor, end - 1)}
    lines = _open_lines(job, known, end)
    chosen = lines[:room]
    if len(lines) > room:
        end = chosen[-1][0] + 1
    if chosen:
        send_lines(parts, job, chosen)
    passed = {index for index, _ in chosen} | {
        each.index for each in known.values() if each.run == job.run and each.index < end
    }
    when = equals("run", job.run) & equals("cursor", job.cursor)
    advance = change(
        JobOf(job.user, job.job_id), now, when, set={"cursor": end, "last_activity_at": now}, add={"sent": len(passed)}
    )
    advanced = parts.table.update(advance)
    return len(chosen) < room and end < job.total and not isinstance(advanced, Refusal)


def _open_lines(job: Job, known: Mapping[int, Item], end: int) -> list[Line]:
    lines = []
    for index in range(job.cursor, end):
        item = known.get(index)
        stage = item.stage_to_do(job.retried_in) if item else 0
        if stage is not None:
            lines.append((index, stage))
    return lines
