"""One action on many jobs: a result for each, none of which stops the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from penstock.domain.errors import Conflict, NotFound, PenstockError
from penstock.domain.job import PAUSABLE, TRANSITIONS, Action, Job, Status
from penstock.engine import control
from penstock.engine.parts import Parts

# What one call does; a larger selection is done with further calls.
MOST = 100

_VERBS: Mapping[Action, Callable[[Parts, str, str], Job | None]] = {
    Action.PAUSE: control.pause,
    Action.RESUME: control.resume,
    Action.CANCEL: control.cancel,
    Action.RETRY: control.retry,
    Action.DELETE: control.delete,
}
ACTIONS = tuple(_VERBS)


@dataclass(frozen=True)
class Done:
    """What became of one job: its status afterwards (None where it is gone), or why nothing happened."""

    job_id: str
    status: Status | None
    error: PenstockError | None = None


def act(parts: Parts, user: str, action: Action, job_ids: Sequence[str]) -> list[Done]:
    return [_act(parts, user, action, job_id) for job_id in job_ids]


def _act(parts: Parts, user: str, action: Action, job_id: str) -> Done:
    try:
        job = _VERBS[action](parts, user, job_id)
    except PenstockError as error:
        return Done(job_id, None, error)
    return Done(job_id, job.status if job else None)


def foresee(parts: Parts, user: str, action: Action, job_ids: Sequence[str]) -> list[Done]:
    """What `act` would find; changes nothing."""
    jobs = {job.job_id: job for job in parts.records.jobs_by_id(user, job_ids)}
    return [_foresee(action, job_id, jobs.get(job_id)) for job_id in job_ids]


def _foresee(action: Action, job_id: str, job: Job | None) -> Done:
    if job is None:
        return Done(job_id, None, NotFound("There is no such job."))
    if possible(action, job):
        return Done(job_id, job.status)
    return Done(job_id, job.status, Conflict(f"The job is {job.status}: {action} would not be possible."))


def possible(action: Action, job: Job) -> bool:
    """By the job's record; the action itself decides by the table's condition."""
    if action == Action.PAUSE:
        return PAUSABLE.holds(job.model_dump())
    if action == Action.RETRY and not (job.failed or job.finish_failed):
        return False
    return job.status in TRANSITIONS[action]
