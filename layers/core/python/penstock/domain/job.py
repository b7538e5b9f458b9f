"""The job record, and THE transition table: every condition on a job's status is compiled from it."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.conditions import EXISTS, Absent, Condition, equals, more, one_of
from penstock.domain.quota import Needs
from penstock.domain.writes import JobOf, Update


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PauseReason(StrEnum):
    USER = "user"
    TOKENS = "tokens"
    ARTICLE_LIMIT = "article_limit"
    BUDGET = "budget"
    PROVIDER = "provider"


QUOTA_REASONS = frozenset({PauseReason.TOKENS, PauseReason.ARTICLE_LIMIT, PauseReason.BUDGET})
SYSTEM_REASONS = QUOTA_REASONS | {PauseReason.PROVIDER}


# Stands for "no budget", so that claim and settle count `budget_left` the same way in every job. Micro-dollars.
NO_BUDGET = 10**15


PAUSE_FIELDS = ("pause_reason", "pause_needs", "pause_available", "resume_at", "breaker")


class Action(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"
    RETRY = "retry"
    EXPIRE = "expire"
    DELETE = "delete"
    EDIT = "edit"


_ACTIVE = frozenset({Status.PENDING, Status.PROCESSING})
TRANSITIONS: Mapping[Action, frozenset[Status]] = {
    Action.START: _ACTIVE,  # → processing, by a claim
    Action.PAUSE: _ACTIVE,  # → paused, by the user or the system
    Action.RESUME: frozenset({Status.PAUSED}),  # → pending, a new run
    Action.CANCEL: _ACTIVE | {Status.PAUSED},  # → cancelled
    Action.FINISH: _ACTIVE,  # → completed, or failed if every item failed
    Action.RETRY: frozenset({Status.COMPLETED, Status.FAILED}),  # → pending, a new run
    Action.EXPIRE: _ACTIVE | {Status.PAUSED},  # → failed, by its deadline
    Action.DELETE: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED}),  # → gone
    Action.EDIT: frozenset(Status),  # → unchanged: name, tags, budget
}
FINISHED = TRANSITIONS[Action.DELETE]


def may(action: Action) -> Condition:
    """The job is in a status from which `action` is possible."""
    return one_of("status", TRANSITIONS[action])


ACTIVE = may(Action.START)
# Also what the system paused: the user is then the reason, so that nothing resumes it against their wish.
PAUSABLE = may(Action.PAUSE) | (equals("status", Status.PAUSED) & one_of("pause_reason", SYSTEM_REASONS))
NOT_DELETED = Absent("deleted_at")


def current(run: int) -> Condition:
    """CURRENT(r): the job is active and in run `run`, so messages of that run mean something."""
    return ACTIVE & equals("run", run)


def unexpired(now: int) -> Condition:
    return Absent("expires_at") | more("expires_at", now)


def change(
    job: JobOf,
    now: int,
    when: Condition,
    *,
    set: Mapping[str, Any] | None = None,
    add: Mapping[str, int] | None = None,
    first: Mapping[str, Any] | None = None,
    remove: tuple[str, ...] = (),
) -> Update:
    """A write of a job record: every one of them raises `version`, the job's ETag, and none may create a record."""
    fields = {"updated_at": now, **(set or {})}
    return Update(job, EXISTS & when, set=fields, add={"version": 1, **(add or {})}, first=first or {}, remove=remove)


def new_run(now: int) -> dict[str, Any]:
    """What every new run sets, beside `run` + 1. Messages of the run before become no-ops."""
    return {
        "status": Status.PENDING,
        "cursor": 0,
        "sent": 0,
        "settled": 0,
        "watch": True,
        "last_activity_at": now,
        **dict.fromkeys((*PAUSE_FIELDS, "error_message", "completed_at", "ttl")),
    }


def ended(status: Status, now: int, retention: timedelta | None) -> dict[str, Any]:
    """What every finish sets. `ttl` is in seconds: the table deletes the record some time after it."""
    return {"status": status, "completed_at": now, "watch": None, "ttl": expiry(now, retention)}


def expiry(now: int, retention: timedelta | None) -> int | None:
    """The `ttl` of a record that is kept for `retention`: seconds since 1970; None keeps it for good."""
    return now // 1000 + int(retention.total_seconds()) if retention else None


class Job(BaseModel):
    """One batch. Counters: remaining = total − completed − failed − cancelled; `running` are the items claimed now.

    Times are milliseconds since 1970; `cost` and `budget_left` micro-dollars. `cursor`, `sent` and `settled` belong to
    the present `run`. `watch` is the janitor's sparse index key. `breaker`: the provider whose open breaker paused it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    job_id: str
    number: int
    kind: str
    name: str
    tags: tuple[str, ...] = ()
    model: str = ""
    priority: str
    status: Status
    run: int
    retried_in: int
    version: int
    cursor: int
    sent: int
    settled: int
    total: int
    completed: int
    failed: int
    cancelled: int
    remaining: int
    running: int
    stalls: int
    tokens_used: int
    articles_used: int
    cost: int
    budget: int | None = None
    budget_left: int
    tokens_at_start: int
    articles_at_start: int
    pause_reason: PauseReason | None = None
    pause_needs: Mapping[str, int] | None = None
    pause_available: Mapping[str, int] | None = None
    error_message: str | None = None
    finish_failed: bool = False
    resume_at: int | None = None
    breaker: str | None = None
    created_at: int
    updated_at: int
    last_activity_at: int
    started_at: int | None = None
    completed_at: int | None = None
    expires_at: int | None = None
    deleted_at: int | None = None
    watch: str | None = None

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "Job":
        return cls.model_validate(image)

    @property
    def active(self) -> bool:
        return self.status in _ACTIVE

    @property
    def needs(self) -> Needs:
        """What the refused claim asked for."""
        return Needs(**(self.pause_needs or {}))

    @property
    def verdict(self) -> Status:
        """What a job becomes when nothing is open: failed only if every line failed."""
        return Status.FAILED if self.failed == self.total else Status.COMPLETED

    def expired(self, now: int) -> bool:
        return self.expires_at is not None and self.expires_at <= now and self.status in TRANSITIONS[Action.EXPIRE]
