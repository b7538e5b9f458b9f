"""The account: balance, ledger, usage, closing it; and grants, for admins."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from penstock.domain.account import Account
from penstock.domain.errors import FieldError, Invalid, NotFound
from penstock.domain.kind import Closed
from penstock.domain.quota import Needs
from penstock.engine import look
from penstock.engine.parts import Parts
from penstock.engine.quota import close_account, grant, open_account
from penstock.routes.calls import admin, once, who
from penstock.routes.cursors import row_after, row_cursor
from penstock.routes.replies import Cursor, One, Onward, PageSize, Stretch, View, dollars, empty, moment, reply
from penstock.routes.resolver import Endpoint

GRANTS = "/api/accounts/<target>/grants"
MOST_AT_ONCE = 10**12
MOST_DAYS = 366
USUAL_DAYS = 30
LONGEST_NAME = 256

_From = Annotated[date | None, Query(alias="from", description="First day (UTC, yyyy-mm-dd); 30 days before the last.")]
_To = Annotated[date | None, Query(alias="to", description="Last day, included; today.")]


class TotalsView(View):
    tokens_granted: int
    tokens_used: int
    articles_granted: int
    articles_used: int
    items_done: int
    items_failed: int
    cost: float = Field(description="US dollars that the providers billed.")
    cost_micros: int


class AccountView(View):
    user_id: str
    username: str
    plan: str
    tokens_remaining: int = Field(description="Free: what running lines have reserved is taken off.")
    article_limit: int = Field(description="Articles left; counts down.")
    totals: TotalsView
    created_at: str

    @classmethod
    def of(cls, account: Account) -> "AccountView":
        totals = account.model_dump(include=set(TotalsView.model_fields) - {"cost"})
        return cls(
            user_id=account.user,
            username=account.username,
            plan=account.plan,
            tokens_remaining=account.tokens_remaining,
            article_limit=account.articles_remaining,
            totals=TotalsView(**totals, cost=dollars(account.cost), cost_micros=account.cost),
            created_at=moment(account.created_at) or "",
        )


class EntryView(View):
    """One change of the balance."""

    id: str
    type: str = Field(description="grant, charge, refund, not_charged.")
    tokens: int = Field(description="What the balance rose by; negative for a charge.")
    articles: int
    job_id: str | None = None
    index: int | None = Field(None, description="The job's line, from 0.")
    job_type: str | None = None
    note: str | None = None
    created_at: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "EntryView":
        return cls.model_validate({**row, "job_type": row.get("kind"), "created_at": moment(row["created_at"])})


class UsageView(View):
    """What one day, kind and model came to."""

    day: str
    job_type: str
    model: str
    items_done: int = 0
    items_failed: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float
    cost_micros: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "UsageView":
        cost = row.get("cost", 0)
        return cls.model_validate({**row, "job_type": row["kind"], "cost": dollars(cost), "cost_micros": cost})


class GrantBody(Closed):
    """Negative amounts take away, but never below zero."""

    tokens: int = Field(0, ge=-MOST_AT_ONCE, le=MOST_AT_ONCE, strict=True)
    articles: int = Field(0, ge=-MOST_AT_ONCE, le=MOST_AT_ONCE, strict=True)
    note: str = Field("", max_length=500)


class AccountRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        granting = (400, 403, 404, 409, 413, 415)
        return (
            Endpoint("GET", "/api/account", self.get_account, "Account", One[AccountView]),
            Endpoint("DELETE", "/api/account", self.delete_account, "Account", None, 204),
            Endpoint("GET", "/api/account/ledger", self.list_ledger, "Account", Stretch[EntryView]),
            Endpoint("GET", "/api/account/usage", self.list_usage, "Account", One[list[UsageView]]),
            Endpoint("POST", GRANTS, self.grant_quota, "Account", One[AccountView], 200, granting),
        )

    def get_account(self, request: Request) -> Response[Any]:
        """Your balance.
        An account is opened with the plan's defaults when it is first looked at or used."""
        return reply(One(data=AccountView.of(open_account(self._parts, who(request)))))

    def delete_account(self, request: Request) -> Response[Any]:
        """Delete everything of yours: jobs, articles, websites, ledger, usage.
        At once, and for good."""
        close_account(self._parts, who(request).user)
        return empty()

    def list_ledger(self, request: Request, cursor: Cursor = None, limit: PageSize = 50) -> Response[Any]:
        """Every change of your balance, newest first."""
        rows, last = look.ledger(self._parts, who(request).user, limit, row_after(cursor))
        onward = Onward(limit=limit, next=row_cursor(last) if last else None)
        return reply(Stretch(data=[EntryView.of(row) for row in rows], pagination=onward))

    def list_usage(self, request: Request, first: _From = None, last: _To = None) -> Response[Any]:
        """What was used, by day, kind and model, oldest first."""
        end = last or datetime.fromtimestamp(self._parts.clock() / 1000, UTC).date()
        start = first or end - timedelta(days=min(USUAL_DAYS, (end - date.min).days))
        if not timedelta(0) <= end - start < timedelta(days=MOST_DAYS):
            raise Invalid(FieldError("from", f"must not be after `to`, nor more than {MOST_DAYS - 1} days before it."))
        rows = look.usage(self._parts, who(request).user, start.isoformat(), end.isoformat())
        return reply(One(data=[UsageView.of(row) for row in rows]))

    def grant_quota(self, request: Request, target: str, body: Annotated[GrantBody, Body()]) -> Response[Any]:
        """Give a user tokens and articles (group `admins`).
        `target` is the user's `sub` or username. Jobs that paused for want of them go on. Knows `Idempotency-Key`."""
        admin(request)
        if not body.tokens and not body.articles:
            raise Invalid(FieldError("tokens", "or articles must say how many to give: both are 0."))
        if len(target) > LONGEST_NAME:
            raise NotFound("Nobody of that name has used this service yet.")
        amount = Needs(body.tokens, body.articles)
        account = grant(self._parts, target, amount, body.note, once(request, body.model_dump()))
        return reply(One(data=AccountView.of(account)))
