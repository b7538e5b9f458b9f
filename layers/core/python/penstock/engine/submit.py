"""Takes a batch in: from the transaction here on, it cannot be lost. The answer waits for one window at most, not for
the job."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from penstock.domain.account import Account
from penstock.domain.conditions import NEW
from penstock.domain.errors import Contention, TooLarge
from penstock.domain.job import NO_BUDGET, Status
from penstock.domain.kind import BatchRequest, Kind, Plan, Planning
from penstock.domain.writes import JobOf, ProductOf, Put, SequenceOf, SettingsOf, Update
from penstock.engine.dispatch import dispatch
from penstock.engine.idempotency import Once, recall, remember
from penstock.engine.parts import Identity, Parts
from penstock.engine.quota import open_account

# One transaction takes 4 MB; the rest is room for the job, its settings and the encoding.
MOST_INPUT_BYTES = 3_000_000


@dataclass(frozen=True)
class Created:
    job_id: str
    number: int
    status: str
    total_items: int
    warnings: tuple[str, ...]


def plan(parts: Parts, who: Identity, request: BatchRequest) -> tuple[Kind, Plan]:
    """What the request would become. Raises Invalid naming each field at fault, or TooLarge."""
    kind = parts.kinds[request.job_type]
    planning = Planning(parts.models, lambda website_id: parts.table.get(ProductOf(who.user, "WEBSITE", website_id)))
    planned = kind.plan(request, planning)
    size = len(json.dumps(planned.inputs, ensure_ascii=False).encode())
    if size > MOST_INPUT_BYTES:
        field = f"{kind.noun}s"
        text = f"{field}: {size:,} bytes together, a job takes {MOST_INPUT_BYTES:,}: split the list into more jobs."
        raise TooLarge(text, {"field": field, "bytes": size, "limit": MOST_INPUT_BYTES})
    return kind, planned


def submit(parts: Parts, who: Identity, request: BatchRequest, once: Once | None = None) -> Created:
    """A new job, its first window queued. The same `once` again gives the first answer and makes nothing."""
    known = recall(parts, who.user, once)
    if known:
        return _again(known)
    kind, planned = plan(parts, who, request)
    return submit_plan(parts, who, request, kind, planned, once)


def submit_plan(
    parts: Parts, who: Identity, request: BatchRequest, kind: Kind, planned: Plan, once: Once | None = None
) -> Created:
    account = open_account(parts, who)
    job_id = parts.new_id()
    created = Created(job_id, _next_number(parts, who.user), Status.PENDING, len(planned.inputs), planned.warnings)
    writes = [
        _job(parts, account, request, kind, planned, created),
        Put(SettingsOf(job_id), {"settings": json.dumps(planned.settings, ensure_ascii=False)}),
        *parts.records.input_pages(job_id, planned.inputs),
        *([remember(who.user, once, asdict(created), parts.clock())] if once else []),
    ]
    if parts.table.transact(writes):
        return _first_answer(parts, who.user, once)
    dispatch(parts, who.user, job_id)
    return created


def _first_answer(parts: Parts, user: str, once: Once | None) -> Created:
    """The same request came twice at once, and the other one was first."""
    known = recall(parts, user, once)
    if known is None:
        raise Contention("The job could not be created; nothing was changed. Try again in a moment.")
    return _again(known)


def _again(answer: dict[str, Any]) -> Created:
    return Created(**{**answer, "warnings": tuple(answer["warnings"])})


def _next_number(parts: Parts, user: str) -> int:
    """1, 2, 3 … for people; a refused submission leaves a gap."""
    image = parts.table.update(Update(SequenceOf(user), add={"jobs": 1}))
    return int(image["jobs"]) if isinstance(image, dict) else 0


def _job(parts: Parts, account: Account, request: BatchRequest, kind: Kind, planned: Plan, created: Created) -> Put:
    now = parts.clock()
    lifetime = int(kind.lifetime.total_seconds() * 1000) if kind.lifetime else None
    counters = dict.fromkeys(
        ("cursor", "sent", "settled", "completed", "failed", "cancelled", "running", "stalls", "retried_in"), 0
    )
    spent = dict.fromkeys(("tokens_used", "articles_used", "cost"), 0)
    fields = counters | spent | {
        "user": account.user,
        "job_id": created.job_id,
        "number": created.number,
        "kind": kind.name,
        "name": request.name or planned.name,
        "tags": request.tags,
        "model": planned.model,
        "priority": request.priority,
        "status": Status.PENDING,
        "run": 1,
        "version": 1,
        "total": created.total_items,
        "remaining": created.total_items,
        "budget": request.budget,
        "budget_left": NO_BUDGET if request.budget is None else request.budget,
        "tokens_at_start": account.tokens_remaining,
        "articles_at_start": account.articles_remaining,
        "created_at": now,
        "updated_at": now,
        "last_activity_at": now,
        "expires_at": now + lifetime if lifetime else None,
        "watch": True,
    }  # fmt: skip
    return Put(JobOf(account.user, created.job_id), fields, NEW)
