"""What a user does to a job: pause, resume, cancel, retry, delete, edit. Each is one conditional write; then
dispatch."""

from collections.abc import Mapping
from typing import Any, Final

from penstock.domain.conditions import Absent, Condition, at_least, equals
from penstock.domain.errors import Conflict, Contention, NotFound
from penstock.domain.job import (
    NO_BUDGET,
    NOT_DELETED,
    PAUSABLE,
    PAUSE_FIELDS,
    TRANSITIONS,
    Action,
    Job,
    PauseReason,
    Status,
    change,
    may,
    new_run,
    unexpired,
)
from penstock.domain.writes import JobOf
from penstock.engine.dispatch import dispatch
from penstock.engine.parts import Parts

_ROUNDS = 10
_DONE = {
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.CANCEL: "cancelled",
    Action.RETRY: "retried",
    Action.DELETE: "deleted",
    Action.EDIT: "edited",
}
_NO_REASON = dict.fromkeys((*PAUSE_FIELDS, "error_message"))


class Unset:
    """Stands for a field that an edit does not name, where None means "none"."""


UNSET: Final = Unset()


def pause(parts: Parts, user: str, job_id: str) -> Job:
    fields = {**_NO_REASON, "status": Status.PAUSED, "pause_reason": PauseReason.USER, "watch": True}
    _write(parts, JobOf(user, job_id), Action.PAUSE, PAUSABLE, set=fields)
    return _job(parts, user, job_id)


def resume(parts: Parts, user: str, job_id: str) -> Job:
    now = parts.clock()
    _write(
        parts, JobOf(user, job_id), Action.RESUME, may(Action.RESUME) & unexpired(now), set=new_run(now), add={"run": 1}
    )
    return _dispatched(parts, user, job_id)


def cancel(parts: Parts, user: str, job_id: str) -> Job:
    """Counters stay; items still running settle, or are released one by one."""
    fields = {
        "status": Status.CANCELLED,
        "completed_at": parts.clock(),
        "pause_reason": None,
        "watch": True,
        **_NO_REASON,
    }
    _write(parts, JobOf(user, job_id), Action.CANCEL, may(Action.CANCEL), set=fields)
    return _dispatched(parts, user, job_id)


def retry(parts: Parts, user: str, job_id: str) -> Job:
    """The failed lines of a finished job, in a new run. No item is written: `retried_in` is what reopens them."""
    for _ in range(_ROUNDS):
        job = _job(parts, user, job_id)
        _refuse_empty_retry(job)
        if _retried(parts, job):
            return _dispatched(parts, user, job_id)
    raise Contention("The job changed at every try. Try again in a moment.")


def _refuse_empty_retry(job: Job) -> None:
    if job.status in TRANSITIONS[Action.RETRY] and not (job.failed or job.finish_failed):
        raise Conflict("Nothing in this job failed, so there is nothing to retry.", _details(Action.RETRY, job.status))


def _retried(parts: Parts, job: Job) -> bool:
    """False where the job's failures are not what was read any more."""
    now = parts.clock()
    seen = equals("failed", job.failed) & equals("run", job.run)
    fields = new_run(now) | {"failed": 0, "retried_in": job.run + 1, "finish_failed": False}
    when = may(Action.RETRY) & NOT_DELETED & unexpired(now) & seen
    write = change(_ref(job), now, when, set=fields, add={"run": 1, "remaining": job.failed})
    refusal = parts.table.transact([write])
    if refusal is None:
        return True
    image = refusal.images[0]
    if not (may(Action.RETRY) & NOT_DELETED & unexpired(now)).holds(image):
        raise _illegal(Action.RETRY, image)
    return False


def delete(parts: Parts, user: str, job_id: str) -> None:
    """404 from now on. The record goes once nothing of the job runs, then its rows; what it made stays."""
    fields = {"deleted_at": parts.clock(), "watch": True}
    _write(parts, JobOf(user, job_id), Action.DELETE, may(Action.DELETE), set=fields, remove=("status_key", "ttl"))
    dispatch(parts, user, job_id)


def edit(
    parts: Parts,
    user: str,
    job_id: str,
    *,
    name: str | None = None,
    tags: tuple[str, ...] | None = None,
    budget: int | Unset | None = UNSET,
) -> Job:
    """Changes what is named. A budget (micro-dollars, None for none) may be raised or lowered, but not below what is
    spent."""
    labels = {key: value for key, value in (("name", name), ("tags", tags)) if value is not None}
    if isinstance(budget, Unset):
        _write(parts, JobOf(user, job_id), Action.EDIT, may(Action.EDIT), set=labels)
    else:
        _set_budget(parts, user, job_id, budget, labels)
    return _dispatched(parts, user, job_id)


def _set_budget(parts: Parts, user: str, job_id: str, budget: int | None, labels: Mapping[str, Any]) -> None:
    for _ in range(_ROUNDS):
        job = _job(parts, user, job_id)
        rise = _amount(budget) - _amount(job.budget)
        same = NOT_DELETED & (Absent("budget") if job.budget is None else equals("budget", job.budget))
        when = same & at_least("budget_left", -rise)
        fields = {**labels, "budget": budget}
        refusal = parts.table.transact([change(_ref(job), parts.clock(), when, set=fields, add={"budget_left": rise})])
        if refusal is None:
            return
        if same.holds(refusal.images[0]):
            spent = _amount(job.budget) - job.budget_left
            raise Conflict(
                f"The job has spent or reserved {spent} micro-dollars: its budget cannot be lower.", {"spent": spent}
            )
    raise Contention("The job changed at every try. Try again in a moment.")


def _amount(budget: int | None) -> int:
    return NO_BUDGET if budget is None else budget


def _ref(job: Job) -> JobOf:
    return JobOf(job.user, job.job_id)


def _write(parts: Parts, job: JobOf, action: Action, when: Condition, **fields: Any) -> None:
    """As a transaction, though it is one write: its request token makes an SDK's retry after a lost answer harmless."""
    refusal = parts.table.transact([change(job, parts.clock(), when & NOT_DELETED, **fields)])
    if refusal:
        raise _illegal(action, refusal.images[0])


def _illegal(action: Action, image: Mapping[str, Any] | None) -> NotFound | Conflict:
    if image is None or "deleted_at" in image:
        return NotFound("There is no such job.")
    status = image["status"]
    if status in TRANSITIONS[action]:
        return Conflict("The job's time limit has passed: submit it again.", _details(action, status))
    return Conflict(f"The job is {status}: it cannot be {_DONE[action]} now.", _details(action, status))


def _details(action: Action, status: str) -> dict[str, Any]:
    return {"action": action, "status": status, "allowedFrom": sorted(TRANSITIONS[action])}


def _job(parts: Parts, user: str, job_id: str) -> Job:
    job = parts.records.job(user, job_id)
    if job is None or job.deleted_at:
        raise NotFound("There is no such job.")
    return job


def _dispatched(parts: Parts, user: str, job_id: str) -> Job:
    dispatch(parts, user, job_id)
    return _job(parts, user, job_id)
