"""What follows from a change in the table: every changed job, every item that waits at a later stage."""

from penstock.domain.changes import Change, ItemChanged, JobChanged, Unreadable
from penstock.domain.conditions import equals
from penstock.domain.item import Item, ItemStatus, product_id
from penstock.domain.job import ACTIVE, Job
from penstock.engine.dispatch import asks_for_dispatch, dispatch, send_lines
from penstock.engine.parts import Parts


def follow(parts: Parts, change: Change) -> None:
    match change:
        case ItemChanged(after=item):
            _item_waits(parts, item)
        case JobChanged(before=before, after=Job() as after):
            _job_changed(parts, before, after)
        case JobChanged(before=Job() as before):
            _job_removed(parts, before)
        case Unreadable(error=error):
            raise error


def _job_changed(parts: Parts, before: Job | None, after: Job) -> None:
    """The image may say that there is nothing to do; what to do is decided by a fresh read."""
    if asks_for_dispatch(after, parts.limits.window, parts.clock()):
        dispatch(parts, after.user, after.job_id)
    if not after.active and (before is None or before.active or before.version + 1 < after.version):
        _dispatch_waiting(parts, after)  # a batch may join what made it active and what ended that


def _job_removed(parts: Parts, before: Job) -> None:
    """Its rows and step results go after it; what it made stays with its user. Media first: the rows tell which of them
    became nothing, and once they are gone nothing is deleted any more."""
    unfinished = {
        product_id(item.job_id, item.index)
        for item in parts.records.items(before.job_id, 0, before.total)
        if item.status != ItemStatus.DONE
    }
    if unfinished:
        parts.files.delete_media_of(before.user, before.job_id, unfinished)
    parts.records.purge_job(before.job_id)
    parts.files.delete_steps(before.job_id)
    if before.active:
        _dispatch_waiting(parts, before)


def _item_waits(parts: Parts, image: Item) -> None:
    """An item is queued at a later stage: its next message, if it still waits there. Run and stage come from the
    records as they are now: an image's run may be a past one, and its message would be a no-op."""
    if image.status != ItemStatus.QUEUED or image.stage == 0:
        return
    job, item = parts.records.job(image.user, image.job_id), parts.records.item(image.job_id, image.index)
    if job and item and job.active and item.status == ItemStatus.QUEUED and item.stage > 0:
        send_lines(parts, job, [(item.index, item.stage)])


def _dispatch_waiting(parts: Parts, ended: Job) -> None:
    """A place is free: the oldest jobs that have not begun are asked; each decides for itself whether it is its
    turn."""
    same = ACTIVE & equals("kind", ended.kind) & equals("priority", ended.priority) & equals("sent", 0)
    for job in parts.records.jobs(ended.user, only=same)[: parts.kinds[ended.kind].jobs_at_once]:
        dispatch(parts, job.user, job.job_id)
