"""Jobs of every kind: create, look, steer."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from penstock.domain.errors import FieldError, Invalid
from penstock.domain.item import ItemStatus
from penstock.domain.job import Action, Job, Status
from penstock.domain.kind import MOST_BUDGET, Closed, Tag
from penstock.engine import bulk, control, look
from penstock.engine.estimate import estimate
from penstock.engine.parts import Parts
from penstock.engine.submit import submit
from penstock.routes.bodies import AnyRequest, changes, parse_request
from penstock.routes.calls import not_modified, once, require_match, who
from penstock.routes.cursors import line_at, line_cursor
from penstock.routes.estimates import EstimateView
from penstock.routes.job_views import (
    CreatedView,
    JobView,
    LineView,
    OutcomesView,
    OutcomeView,
    ProgressView,
    WholeJobView,
)
from penstock.routes.replies import (
    Cursor,
    Many,
    One,
    Onward,
    PageNumber,
    PageSize,
    Stretch,
    empty,
    etag,
    page_of,
    reply,
)
from penstock.routes.resolver import Endpoint, Handler

JOBS = "/api/batch-jobs"
JOB = f"{JOBS}/<job_id>"

_Search = Annotated[str | None, Query(max_length=200, description="Part of the name, or the number.")]
_Tag = Annotated[str | None, Query(max_length=100)]
_Kind = Annotated[str | None, Query(alias="jobType", max_length=100)]
_ETAG = {"ETag": "The version; send it as If-None-Match or If-Match."}
_LOCATION = {"Location": "Where the new job is."}
_LINES = Annotated[int, Query(ge=1, le=1_000, description="How many lines at a time, at most 1,000.")]


class Changes(Closed):
    """What is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=120)
    tags: tuple[Tag, ...] | None = Field(None, max_length=20)
    budget: int | None = Field(
        None, ge=0, le=MOST_BUDGET, description="In millionths of a dollar; null takes the limit away."
    )


class Selection(Closed):
    """The jobs that match all that is named."""

    status: Status | None = None
    job_type: str | None = Field(default=None, max_length=100)
    tag: str | None = Field(default=None, max_length=100)
    q: str | None = Field(default=None, max_length=200, description="Part of the name, or the number.")


class Actions(Closed):
    """Either `ids` or `filter`."""

    action: Literal["pause", "resume", "cancel", "retry", "delete"]
    ids: tuple[Annotated[str, Field(max_length=64)], ...] | None = Field(None, min_length=1, max_length=bulk.MOST)
    filter: Selection | None = None
    dry_run: bool = Field(default=False, strict=True, description="Say what it would hit; change nothing.")


class JobRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        whole, short = One[WholeJobView], One[JobView]
        steering = (self.cancel_job, self.pause_job, self.resume_job, self.retry_job)
        return (
            Endpoint("POST", JOBS, self._create(), "Jobs", One[CreatedView], 201, (400, 413, 415), headers=_LOCATION),
            Endpoint("GET", JOBS, self.list_jobs, "Jobs", Many[JobView]),
            Endpoint("POST", f"{JOBS}/actions", self.act_on_jobs, "Jobs", One[OutcomesView], 200, (400, 413, 415)),
            Endpoint("POST", f"{JOBS}/estimate", self._estimate(), "Jobs", One[EstimateView], 200, (400, 413, 415)),
            Endpoint("GET", JOB, self.get_job, "Jobs", whole, 200, (404,), (304,), headers=_ETAG),
            Endpoint("PATCH", JOB, self.change_job, "Jobs", short, 200, (400, 404, 409, 412, 413, 415), headers=_ETAG),
            Endpoint("DELETE", JOB, self.delete_job, "Jobs", None, 204, (404, 409, 412)),
            Endpoint("GET", f"{JOB}/items", self.list_items, "Jobs", Stretch[LineView], 200, (404,)),
            *(
                Endpoint("POST", f"{JOB}/{each.__name__.removesuffix('_job')}", each, "Jobs", short, 200, (404, 409))
                for each in steering
            ),
        )

    def _create(self) -> Handler:
        """A function of its own, for its body's shape is known only now: the union of the kinds'."""
        shape = AnyRequest(self._parts.kinds)

        def create_job(request: Request, body: Annotated[dict[str, Any], shape, Body()]) -> Response[Any]:
            """Create a job.
            The body is the model of its kind, chosen by `jobType`. With an `Idempotency-Key`, sending the same again
            within 24 hours answers as the first time and creates nothing."""
            caller, asked = who(request), parse_request(self._parts.kinds, body)
            created = submit(self._parts, caller, asked, once(request, body))
            return reply(One(data=CreatedView.of(created)), 201, {"Location": f"{JOBS}/{created.job_id}"})

        return create_job

    def _estimate(self) -> Handler:
        shape = AnyRequest(self._parts.kinds)

        def estimate_job(request: Request, body: Annotated[dict[str, Any], shape, Body()]) -> Response[Any]:
            """What a job would cost.
            The same body as for creating one. Spends nothing."""
            found = estimate(self._parts, who(request), parse_request(self._parts.kinds, body))
            return reply(One(data=EstimateView.of(found)))

        return estimate_job

    def list_jobs(
        self,
        request: Request,
        *,
        page: PageNumber = 1,
        limit: PageSize = 20,
        status: Annotated[Status | None, Query()] = None,
        kind: _Kind = None,
        tag: _Tag = None,
        q: _Search = None,
    ) -> Response[Any]:
        """Your jobs, newest first.
        Without their inputs and results: those come with the single job."""
        wanted = look.JobFilter(status, kind, tag, q)
        jobs, total = look.jobs(self._parts, who(request).user, wanted, page, limit)
        now = self._parts.clock()
        return reply(Many(data=[JobView.of(job, now) for job in jobs], pagination=page_of(total, page, limit)))

    def get_job(
        self, request: Request, job_id: str, *, view: Annotated[Literal["full", "progress"], Query()] = "full"
    ) -> Response[Any]:
        """One job.
        With `view=progress` its counters and status alone. Knows If-None-Match."""
        job = look.job(self._parts, who(request).user, job_id)
        headers = {"ETag": etag(job.version)}
        if not_modified(request, job.version):
            return empty(304, headers)
        now = self._parts.clock()
        if view == "progress":
            return reply(One(data=ProgressView.of(job, now)), headers=headers)
        whole = WholeJobView.whole(job, look.inside(self._parts, job), self._parts.kinds[job.kind].noun, now)
        return reply(One(data=whole), headers=headers)

    def list_items(
        self,
        request: Request,
        job_id: str,
        *,
        status: Annotated[ItemStatus | None, Query()] = None,
        cursor: Cursor = None,
        limit: _LINES = 100,
    ) -> Response[Any]:
        """The lines of a job, in order.
        Lines never begun are `queued`. With `status`, an answer may be short, even empty, and still have a `next`."""
        job = look.job(self._parts, who(request).user, job_id)
        lines, following = look.lines(self._parts, job, line_at(cursor), limit, status)
        onward = Onward(limit=limit, next=None if following is None else line_cursor(following))
        return reply(Stretch(data=[LineView.of(line) for line in lines], pagination=onward))

    def pause_job(self, request: Request, job_id: str) -> Response[Any]:
        """Pause a job.
        Lines at work are finished. Also a job that paused by itself: it then waits for you."""
        return self._shown(control.pause(self._parts, who(request).user, self._known(request, job_id).job_id))

    def resume_job(self, request: Request, job_id: str) -> Response[Any]:
        """Resume a paused job."""
        return self._shown(control.resume(self._parts, who(request).user, self._known(request, job_id).job_id))

    def cancel_job(self, request: Request, job_id: str) -> Response[Any]:
        """Cancel a job.
        What is done stays done and charged."""
        return self._shown(control.cancel(self._parts, who(request).user, self._known(request, job_id).job_id))

    def retry_job(self, request: Request, job_id: str) -> Response[Any]:
        """Retry the failed lines of a finished job."""
        return self._shown(control.retry(self._parts, who(request).user, self._known(request, job_id).job_id))

    def change_job(self, request: Request, job_id: str, body: Annotated[Changes, Body()]) -> Response[Any]:
        """Change a job's name, tags or budget."""
        job = self._known(request, job_id)
        return self._shown(control.edit(self._parts, job.user, job.job_id, **changes(body, ["budget"])))

    def delete_job(self, request: Request, job_id: str) -> Response[Any]:
        """Delete a finished or cancelled job.
        What it made stays."""
        job = self._known(request, job_id)
        control.delete(self._parts, job.user, job.job_id)
        return empty()

    def act_on_jobs(self, request: Request, body: Annotated[Actions, Body()]) -> Response[Any]:
        """Pause, resume, cancel, retry or delete many jobs.
        A result for each; one that is refused stops none of the others."""
        user, action = who(request).user, Action(body.action)
        selected = self._selected(user, body)
        do = bulk.foresee if body.dry_run else bulk.act
        results = [OutcomeView.of(done) for done in do(self._parts, user, action, selected[: bulk.MOST])]
        good = sum(result.ok for result in results)
        outcomes = OutcomesView(
            action=action,
            dry_run=body.dry_run,
            matched=len(selected),
            ok=good,
            refused=len(results) - good,
            left=len(selected) - len(results),
            results=tuple(results),
        )
        return reply(One(data=outcomes))

    def _selected(self, user: str, body: Actions) -> list[str]:
        if (body.ids is None) == (body.filter is None):
            raise Invalid(FieldError("ids", "is needed, or filter in its place, but not both."))
        if body.ids is not None:
            return list(dict.fromkeys(body.ids))
        wanted = body.filter or Selection()
        return look.job_ids(self._parts, user, look.JobFilter(wanted.status, wanted.job_type, wanted.tag, wanted.q))

    def _known(self, request: Request, job_id: str) -> Job:
        job = look.job(self._parts, who(request).user, job_id)
        require_match(request, job.version)
        return job

    def _shown(self, job: Job) -> Response[Any]:
        return reply(One(data=JobView.of(job, self._parts.clock())), headers={"ETag": etag(job.version)})
