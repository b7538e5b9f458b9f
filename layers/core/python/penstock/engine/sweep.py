"""The janitor: looks at every watched job and brings back what was lost. Every write is conditional, so a late look is
harmless."""

import logging
import random
from collections.abc import Callable

from penstock.domain.conditions import equals, less
from penstock.domain.errors import Contention
from penstock.domain.item import RUNNING
from penstock.domain.job import FINISHED, NOT_DELETED, SYSTEM_REASONS, Job, Status, change, current, expiry, new_run
from penstock.domain.writes import JobOf, Refusal
from penstock.engine.dispatch import asks_for_dispatch, dispatch
from penstock.engine.parts import Parts
from penstock.engine.release import release

log = logging.getLogger(__name__)

# SQS remembers a dedup id for five minutes, and a worker may hold a message for the visibility timeout.
DEDUPLICATION_SECONDS = 300
LONGEST_PATIENCE_SECONDS = 3600
LEAST_SECONDS = 10.0


def sweep(parts: Parts, seconds_left: Callable[[], float]) -> int:
    """Looks at the watched jobs until none or too little time is left; how many. One job's trouble is logged and does
    not keep the others from their turn."""
    looked, watched = 0, list(parts.records.watched())
    random.shuffle(watched)  # another order each time: a short one has no tail that is never reached
    for user, job_id in watched:
        if seconds_left() < LEAST_SECONDS:
            log.warning("out of time before every watched job was looked at", extra={"looked": looked})
            break
        try:
            sweep_job(parts, user, job_id)
        except Contention:
            log.warning("a watched job was too busy to be looked at", extra={"job": job_id})
        except Exception:
            log.exception("a watched job could not be looked at", extra={"job": job_id})
        looked += 1
    return looked


def sweep_job(parts: Parts, user: str, job_id: str) -> None:
    job = parts.records.job(user, job_id)
    if job is None:
        return
    now = parts.clock()
    if job.active and not job.expired(now):
        _revive(parts, job, now)
        return
    if job.running:
        _release_abandoned(parts, job, now)
    if asks_for_dispatch(job, parts.limits.window, now):
        dispatch(parts, user, job_id)
    elif not job.running:
        _stop_watching(parts, job, now)


def _revive(parts: Parts, job: Job, now: int) -> None:
    """Nothing was claimed for too long: what was sent may be lost, and only a new run sends it again. The patience
    doubles each time, for a queue that is merely long. A job that has sent nothing in this run has nothing to lose."""
    base = DEDUPLICATION_SECONDS + parts.limits.visibility + 60
    patience = max(base, min(base * 2**job.stalls, LONGEST_PATIENCE_SECONDS)) * 1000
    if (job.sent or job.cursor) and now - job.last_activity_at > patience:
        when = current(job.run) & equals("last_activity_at", job.last_activity_at)
        counters = {"run": 1, "stalls": 1}
        revived = parts.table.update(change(JobOf(job.user, job.job_id), now, when, set=new_run(now), add=counters))
        if isinstance(revived, Refusal):
            return
        log.warning("revived a job that stood still", extra={"job": job.job_id, "run": job.run + 1})
        dispatch(parts, job.user, job.job_id)
    elif asks_for_dispatch(job, parts.limits.window, now):
        dispatch(parts, job.user, job.job_id)


def _release_abandoned(parts: Parts, job: Job, now: int) -> None:
    for item in parts.records.items(job.job_id, 0, job.total, only=RUNNING & less("lease_until", now)):
        release(parts, job, item, now)


def _stop_watching(parts: Parts, job: Job, now: int) -> None:
    """Ended or paused by the user, and nothing of it runs. A job with a deadline is watched until it ends."""
    if (job.expires_at and job.status == Status.PAUSED) or job.pause_reason in SYSTEM_REASONS:
        return
    when = equals("status", job.status) & equals("run", job.run) & equals("running", 0) & NOT_DELETED
    retention = parts.kinds[job.kind].retention if job.status in FINISHED else None
    fields = {"watch": None, "ttl": expiry(now, retention)}
    parts.table.update(change(JobOf(job.user, job.job_id), now, when, set=fields))
