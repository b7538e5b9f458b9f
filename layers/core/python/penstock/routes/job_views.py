"""How jobs and their lines look outside."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from penstock.domain.errors import PenstockError
from penstock.domain.item import ItemStatus
from penstock.domain.job import NO_BUDGET, Job, PauseReason, Status
from penstock.engine.bulk import Done
from penstock.engine.look import MOST_SHOWN, Inside, Line
from penstock.engine.submit import Created
from penstock.routes.problems import problem
from penstock.routes.replies import View, dollars, moment


class CreatedView(View):
    job_id: str
    number: int = Field(description="1, 2, 3 … of this user, for people.")
    status: Status
    total_items: int
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, created: Created) -> "CreatedView":
        return cls(
            job_id=created.job_id,
            number=created.number,
            status=Status(created.status),
            total_items=created.total_items,
            warnings=created.warnings,
        )


class ProgressView(View):
    """Counters and status alone: what to poll."""

    job_id: str
    number: int
    status: Status
    run: int = Field(description="Raised by resume and retry.")
    pause_reason: PauseReason | None = Field(description="Why it is paused: the user, or what it ran out of.")
    error_message: str | None
    total_items: int
    completed_items: int
    failed_items: int
    cancelled_items: int
    remaining_items: int = Field(description="Not settled yet; of a cancelled job, what was left undone.")
    running_items: int
    current_item_index: int = Field(
        description="How many lines are settled: the index, from 0, of the one at work or next."
    )
    tokens_used: int
    cost: float = Field(description="US dollars that the providers bill, failures included.")
    cost_micros: int = Field(description="The same in whole millionths of a dollar.")
    version: int = Field(description="Grows with every change; the ETag.")
    started_at: str | None
    completed_at: str | None
    last_activity_at: str | None
    elapsed_seconds: float | None = Field(description="From the start to the end, or till now; null before the start.")

    @classmethod
    def fields_of(cls, job: Job, now: int) -> dict[str, Any]:
        return {
            "job_id": job.job_id,
            "number": job.number,
            "status": job.status,
            "run": job.run,
            "pause_reason": job.pause_reason,
            "error_message": job.error_message,
            "total_items": job.total,
            "completed_items": job.completed,
            "failed_items": job.failed,
            "cancelled_items": job.cancelled,
            "remaining_items": job.remaining,
            "running_items": job.running,
            "current_item_index": job.total - job.remaining,
            "tokens_used": job.tokens_used,
            "cost": dollars(job.cost),
            "cost_micros": job.cost,
            "version": job.version,
            "started_at": moment(job.started_at),
            "completed_at": moment(job.completed_at),
            "last_activity_at": moment(job.last_activity_at),
            "elapsed_seconds": _elapsed(job, now),
        }

    @classmethod
    def of(cls, job: Job, now: int) -> "ProgressView":
        return cls(**cls.fields_of(job, now))


class JobView(ProgressView):
    id: str = Field(description="The same as jobId.")
    user_id: str
    job_type: str
    name: str
    tags: tuple[str, ...]
    priority: str
    model: str = Field(description="Exact id of the model that writes.")
    budget: int | None = Field(description="Most it may cost, in millionths of a dollar; null for no limit.")
    budget_left: int | None
    articles_used: int
    tokens_at_start: int
    articles_limit_at_start: int
    resume_at: str | None = Field(description="When a job that waits for its provider goes on.")
    expires_at: str | None
    created_at: str
    updated_at: str

    @classmethod
    def fields_of(cls, job: Job, now: int) -> dict[str, Any]:
        return super().fields_of(job, now) | {
            "id": job.job_id,
            "user_id": job.user,
            "job_type": job.kind,
            "name": job.name,
            "tags": job.tags,
            "priority": job.priority,
            "model": job.model,
            "budget": job.budget,
            "budget_left": None if job.budget is None else min(job.budget_left, NO_BUDGET),
            "articles_used": job.articles_used,
            "tokens_at_start": job.tokens_at_start,
            "articles_limit_at_start": job.articles_at_start,
            "resume_at": moment(job.resume_at),
            "expires_at": moment(job.expires_at),
            "created_at": moment(job.created_at),
            "updated_at": moment(job.updated_at),
        }

    @classmethod
    def of(cls, job: Job, now: int) -> "JobView":
        return cls(**cls.fields_of(job, now))


class WholeJobView(JobView):
    job_data: dict[str, Any] = Field(
        description=f"`settings`, and the first {MOST_SHOWN:,} inputs: as texts under the plural of what the kind "
        "calls one (`keywords`), or as objects under `inputs`."
    )
    article_ids: tuple[str, ...] = Field(
        description=f"What the done lines made, in the order of the lines, the first {MOST_SHOWN:,}."
    )

    @classmethod
    def whole(cls, job: Job, inside: Inside, noun: str, now: int) -> "WholeJobView":
        settings = {name: value for name, value in inside.settings.items() if not name.startswith("_")}
        data = {**_inputs(inside.inputs, noun), "settings": settings}
        return cls(**cls.fields_of(job, now), job_data=data, article_ids=tuple(inside.results))


class LineView(View):
    index: int = Field(description="From 0.")
    input: dict[str, Any]
    status: ItemStatus
    stage: int
    attempts: int = Field(description="Of this stage, since the last retry.")
    tokens_reserved: int
    tokens_charged: int
    cost: float = Field(description="US dollars that the providers billed for it.")
    cost_micros: int
    error: dict[str, str] | None = Field(description="{code, message} of the last failure.")
    result: str | None = Field(description="Id of what it made: an article's, for keywords.")
    updated_at: str | None

    @classmethod
    def of(cls, line: Line) -> "LineView":
        item = line.item
        return cls(
            index=line.index,
            input=dict(line.input),
            status=line.status,
            stage=item.stage if item else 0,
            attempts=item.tries if item else 0,
            tokens_reserved=item.reserved_tokens if item else 0,
            tokens_charged=item.charged_tokens if item else 0,
            cost=dollars(item.cost) if item else 0.0,
            cost_micros=item.cost if item else 0,
            error=dict(item.error) if item and item.error else None,
            result=item.result if item else None,
            updated_at=moment(item.updated_at) if item else None,
        )


class OutcomeView(View):
    job_id: str
    ok: bool = Field(description="Done; in a dry run, possible.")
    status: Status | None = Field(description="The job's status afterwards; null where it is gone or nothing was done.")
    code: str | None
    message: str | None

    @classmethod
    def of(cls, done: Done) -> "OutcomeView":
        code, message = _reason(done.error)
        return cls(job_id=done.job_id, ok=done.error is None, status=done.status, code=code, message=message)


class OutcomesView(View):
    action: str
    dry_run: bool
    matched: int = Field(description="How many jobs the selection hits.")
    ok: int
    refused: int
    left: int = Field(description="Beyond what one call does: call again.")
    results: tuple[OutcomeView, ...]


def _reason(error: PenstockError | None) -> tuple[str | None, str | None]:
    if error is None:
        return None, None
    shown = problem(error, "", "")
    return shown.code, shown.detail


def _elapsed(job: Job, now: int) -> float | None:
    if job.started_at is None:
        return None
    return max(0, (job.completed_at or now) - job.started_at) / 1000


def _inputs(inputs: Sequence[Mapping[str, Any]], noun: str) -> dict[str, Any]:
    texts = [each.get(noun) for each in inputs]
    if inputs and all(isinstance(text, str) for text in texts):
        return {f"{noun}s": texts}
    return {"inputs": [dict(each) for each in inputs]}
