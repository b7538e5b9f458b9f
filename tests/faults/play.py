"""A user's job and everything that works on it, each event through its real handler and each reply obeyed as Lambda
would obey it. Whoever dies is called again as it would be: by a client, a queue, the stream, the schedule."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from functions import dispatcher as dispatcher_function
from functions import janitor as janitor_function
from local import filters
from local.describe import describe
from local.description import Function, StreamMapping
from local.invoke import LoadedFunction
from local.streams import StreamPump
from penstock import wiring
from penstock.domain.job import QUOTA_REASONS, Job
from penstock.kinds.documents import html
from penstock.routes.app import build
from penstock.store import keys
from penstock.store.keys import Range
from tests.api import Api, Reply
from tests.backends import client
from tests.clock import Crash
from tests.faults.saboteur import Saboteur
from tests.faults.steps import LONG
from tests.house import House, template
from tests.invariants import check
from tests.toys import MODEL

Records = Sequence[dict[str, Any]]
JOBS = "/api/batch-jobs"
ADMIN = {"sub": "user-admin", "username": "admin", "groups": ["admins"]}
# Nothing takes more visits of the janitor, each long after the other.
MOST_SWEEPS = 12
MOST_TRIES = 6


@lru_cache
def dispatcher() -> tuple[Function, StreamMapping]:
    """The function and its mapping, as the template says."""
    described = describe(template(), "http://localhost")
    (mapping,) = described.streams
    return described.functions[mapping.function], mapping


class Dispatcher:
    """The function behind its mapping: what fails is split, tried again, and given up in the end. `spoil` is what
    becomes of the records on their way, after the mapping's filter."""

    def __init__(self, house: House, turn: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._house, self._turn = house, turn
        function, self.mapping = dispatcher()
        self.spoil: Callable[[Records], Records] = lambda records: records
        self._pump = StreamPump(self.mapping, LoadedFunction(function, self._handle), backoff=0)

    def read(self) -> int:
        """All there is to read, batch after batch; how many records that were."""
        records = self._house.unread()
        self._house.position += len(records)
        self.take(records)
        return len(records)

    def take(self, records: Records) -> None:
        wanted = self.spoil([each for each in records if filters.wanted(each, self.mapping.filters)])
        for start in range(0, len(wanted), self.mapping.batch_size):
            self._pump._deliver(wanted[start : start + self.mapping.batch_size], 0)

    def given_up(self) -> list[dict[str, Any]]:
        """What the destination for failures was told."""
        assert self.mapping.on_failure
        asked = {"QueueUrl": self.mapping.on_failure, "MaxNumberOfMessages": 10}
        return [json.loads(each["Body"]) for each in client("sqs").receive_message(**asked).get("Messages", [])]

    def _handle(self, event: dict[str, Any], context: Any) -> Any:
        try:
            with self._turn():
                return dispatcher_function.handler(event, context)
        except Crash as death:
            raise RuntimeError("the process died") from death


@dataclass
class Play:
    """`who` is the user; `exposed` tells which of the calls a fault is meant for, by their numbers."""

    house: House
    saboteur: Saboteur
    user: str
    job_id: str = ""
    exposed: set[int] = field(default_factory=set)
    _since: int | None = None

    def __post_init__(self) -> None:
        self.house.script.calls.clear()
        self.house.script.acts.clear()
        self.house.script.probes.clear()
        self.saboteur.overtake = self.overtake
        self.dispatcher = Dispatcher(self.house, lambda: self.saboteur.turn("dispatcher"))
        self._observer = self.house.observer()
        self._observer.table.delete_all(Range(f"PROVIDER#{MODEL.provider}", " ", "\uffff"))  # of the play before
        self._app = build(self.house.parts, html.clean, wiring.word_document)

    @property
    def name(self) -> str:
        return f"name-of-{self.user}"

    # ── what faults are meant for ───────────────────────────────────────────────────────────────────────────────────

    def expose(self) -> None:
        """From here on."""
        self._since = len(self.saboteur.seen)

    def cover(self) -> None:
        """Up to here; else up to the end."""
        if self._since is not None:
            self.exposed |= set(range(self._since, len(self.saboteur.seen)))
            self._since = None

    # ── the user ────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, lines: int = 1, kind: str = "toy", **fields: Any) -> str:
        body = {"jobType": kind, "lines": lines, **fields}
        self.job_id = self.answered("POST", JOBS, body, {"idempotency-key": f"key of {fields}"}).data["jobId"]
        return self.job_id

    def act(self, action: str) -> Reply:
        """A refusal is an answer: it was done before, or there is nothing left to do."""
        return self.answered("POST", f"{JOBS}/{self.job_id}/{action}")

    def answered(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Reply:
        """Who got no answer, or heard that something broke, asks again."""
        for _ in range(MOST_TRIES):
            reply = self.asked(method, path, body, headers, **more)
            if reply is not None and reply.status < 500:
                return reply
        raise AssertionError(f"no answer to {method} {path}")

    def asked(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        who: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Reply | None:
        """Once. None: the process died."""
        caller = who or {"sub": self.user, "username": self.name, "groups": []}
        try:
            with self.saboteur.turn("api"):
                return Api(self._app, caller).call(method, path, body, query=query, headers=headers)
        except Crash:
            return None

    # ── what works for the user ─────────────────────────────────────────────────────────────────────────────────────

    def follow(self) -> bool:
        return self.dispatcher.read() > 0

    def deliver(self) -> bool:
        """The next message that is visible goes to a worker; whether there was one."""
        delivery = self.house.queues.receive_any()
        if delivery:
            with self.saboteur.turn("worker"):
                self.house.deliver(delivery)
        return delivery is not None

    def bury(self) -> bool:
        delivery = self.house.queues.receive_any(dead=True)
        if delivery:
            with self.saboteur.turn("dead_letters"):
                self.house.deliver_dead(delivery)
        return delivery is not None

    def sweep(self) -> None:
        """The schedule comes again, so nobody calls a janitor that died, or that could not look."""
        with suppress(Crash, ClientError), self.saboteur.turn("janitor"):
            janitor_function.handler({}, self.house._context())

    def step(self) -> bool:
        """One event for each function; whether there was any."""
        return any([self.follow(), self.bury(), self.deliver()])

    def settle(self) -> None:
        """Until nothing comes but by the passing of time."""
        while self.step():
            pass

    def wait(self) -> bool:
        """Until the next hidden message comes back; whether there is one."""
        return self.house._wait(float("inf"))

    def quiet(self) -> None:
        """Until all is over that ends by itself: messages have come back, and nothing is left for the janitor."""
        for sweeps in range(MOST_SWEEPS):
            self.settle()
            while self.wait():
                self.settle()
            if not any(_watched(job, sweeps) for job in self.jobs()):
                return
            self.house.clock.advance(LONG)
            self.sweep()
        raise AssertionError(f"the janitor finds no end: {self.jobs()}")

    def jobs(self) -> list[Job]:
        """As nobody's call."""
        return list(map(Job.of, self._observer.table.query_all(keys.jobs(self.user))))

    def exhaust(self) -> None:
        """The message that is next goes through all its receives, and so to the dead letters."""
        first = found = self.house.queues.receive_any()
        while first and found and found.message == first.message:
            self.house.give_back(found)
            found = self.house.queues.receive_any()
        if found:
            self.house.give_back(found)

    def overtake(self) -> None:
        """A call hangs for so long that the janitor has been there, and what was being worked on is worked on anew."""
        self.house.clock.advance(LONG)
        self.deliver()
        self.sweep()
        self.deliver()

    # ── what came of it ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def job(self) -> Job:
        return self.house.job(self.job_id, self.user)

    @property
    def paid(self) -> Counter[tuple[int, str]]:
        """Calls to the provider, by line and step."""
        return self.house.script.calls

    def ends(self, *statuses: str) -> None:
        """The faults are over and all is quiet: I1–I8, and the job is in one of the statuses with nothing left open."""
        self.quiet()
        self.cover()
        self.saboteur.disarm()
        check(self.house, self.user, ended=True)
        assert self.job.status in statuses, self.job
        assert self.job.watch is None, self.job

    def is_gone(self) -> None:
        """As `ends`, for a job that was deleted: neither it, nor its rows, nor its steps are there."""
        self.quiet()
        self.cover()
        self.saboteur.disarm()
        check(self.house, self.user, ended=True)
        parts = self.house.parts
        assert parts.records.job(self.user, self.job_id) is None
        assert list(parts.table.query_all(keys.whole_job(self.job_id))) == []
        assert parts.files.steps(self.job_id, 0, 0) == []


def _watched(job: Job, sweeps: int) -> bool:
    """Whether the janitor has more to do than to look again whether the user can pay."""
    short = job.pause_reason in QUOTA_REASONS and not job.running
    return bool(job.watch) and not (short and sweeps > 0)
