"""The engine and its handlers on the template's own resources, driven one delivery at a time under a clock the test
owns: queues, leases, the janitor and request tokens all go by it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from itertools import count
from math import inf
from pathlib import Path
from threading import RLock
from typing import Any, Self
from unittest.mock import patch
from uuid import UUID

from functions import dead_letters as dead_letters_function
from functions import worker as worker_function
from local import filters
from local.emulator import clock as emulator_clock
from local.emulator.streams import TRIM_HORIZON
from local.resources import provision
from local.template import Template, load
from penstock import wiring
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.quota import Needs
from penstock.engine.claim import Done, Later
from penstock.engine.dead_letters import bury
from penstock.engine.follow import follow
from penstock.engine.parts import Identity, Limits, Parts
from penstock.engine.submit import Created, submit
from penstock.engine.sweep import sweep
from penstock.engine.work import work
from penstock.store import changes
from penstock.store.files import Files
from penstock.store.queues import Queues as Senders
from penstock.store.records import Records
from penstock.store.table import Table
from tests.backends import Emulated, Tables, client
from tests.calls import Recorder
from tests.clock import WORKER_SECONDS, Clock, Crash, Time
from tests.history import History
from tests.invariants import Evidence
from tests.queues import Delivery, Queues
from tests.toys import BOOK, MODEL, STAGES, TOY, Script, ToyRequest
from tests.views import USER, Views

TEMPLATE = Path(__file__).parent.parent / "template.yaml"


@lru_cache
def template() -> Template:
    return load(TEMPLATE, {})


@lru_cache
def dispatcher_filters() -> tuple[filters.Pattern, ...]:
    """What the template lets the dispatcher see of the stream."""
    mappings = template().of_type("AWS::Lambda::EventSourceMapping").values()
    return filters.parse("stream", next(each["FilterCriteria"] for each in mappings if "FilterCriteria" in each))


class House(Views):
    """`parts` is what the engine works with. `tables` makes the table where it is not the emulator's."""

    def __init__(self, tables: Callable[[Template], Tables] | None = None) -> None:
        self.resources = provision(template())
        self.clock, self.script = Clock(), Script()
        self.tables = tables(template()) if tables else Emulated(self.resources)
        self.queues = Queues(self.resources)
        self.recorder = Recorder(self.observer, self.script.write, self.script.make)
        self.records: list[dict[str, Any]] = []  # all of the stream
        self.position = 0  # in them: how far the dispatcher is
        self._reading = RLock()  # several threads may follow, each what no other has
        self._past, self._judged = History(), 0
        self.strict_lanes = True
        self.parts = self._parts()
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        """The emulator goes by this house's clock, and handlers work with its parts."""
        self._opened.enter_context(emulator_clock.replaced_by(lambda: self.clock.seconds))
        self._opened.enter_context(patch.object(wiring, "parts", lambda: self.parts))
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _parts(self) -> Parts:
        numbers, fences = count(1), count(1)
        table = Table(self.tables.client, self.tables.name, self.clock.advance, lambda: self.clock.seconds)
        return Parts(
            table=table,
            records=Records(table),
            queues=Senders(client("sqs"), self.queues.urls, self.clock.advance),
            files=Files(client("s3"), self.resources["Bucket"]["Ref"], self.clock.advance),
            kinds=Kinds([TOY, STAGES, BOOK]),
            models=Catalogue([MODEL], available=["toy"]),
            write=self.recorder,
            make=self.recorder.make,
            clock=self.clock,
            new_id=lambda: str(UUID(int=next(numbers))),
            new_fence=lambda: f"fence-{next(fences)}",
            limits=Limits(window=4, plan=Needs(100_000, 1_000)),
        )

    def limit(self, **changed: Any) -> None:
        self.parts = replace(self.parts, limits=replace(self.parts.limits, **changed))

    def submit(self, lines: int, kind: str = "toy", who: Identity = USER, **fields: Any) -> str:
        return self.created(lines, kind, who, **fields).job_id

    def created(self, lines: int, kind: str = "toy", who: Identity = USER, **fields: Any) -> Created:
        return submit(self.parts, who, ToyRequest.model_validate({"job_type": kind, "lines": lines, **fields}))

    # ── the queue ───────────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, priority: str = "normal", dead: bool = False) -> Delivery | None:
        return self.queues.receive(priority, dead)

    def receive_all(self) -> list[Delivery]:
        return list(iter(self.receive, None))

    def queued(self, priority: str = "normal") -> int:
        return self.queues.count(priority)

    def time(self, seconds: float = WORKER_SECONDS) -> Time:
        return Time(self.clock, self.clock.seconds + seconds)

    def attempt(self, delivery: Delivery, seconds: Callable[[], float] | None = None) -> Done | Later:
        """What a worker makes of the message. The queue is not told."""
        with self.recorder.during(delivery.message):
            return work(self.parts, delivery.message, seconds or self.time())

    def work(self, delivery: Delivery, seconds: Callable[[], float] | None = None) -> Done | Later:
        """As `attempt`; then the message is acknowledged, or comes back at once (the clock does not move)."""
        verdict = self.attempt(delivery, seconds)
        (self.acknowledge if isinstance(verdict, Done) else self.give_back)(delivery)
        return verdict

    def deliver(self, delivery: Delivery) -> bool:
        """Through the worker's own handler, as Lambda would: whether the message was done with. One whose worker
        crashed comes back when its visibility ends."""
        try:
            with self.recorder.during(delivery.message):
                answer = worker_function.handler({"Records": [dict(delivery.record)]}, self._context())
        except Crash:
            return False
        return self._told(delivery, answer)

    def _context(self) -> Any:
        return self.time()

    def _told(self, delivery: Delivery, answer: dict[str, Any]) -> bool:
        done = not answer["batchItemFailures"]
        if done:
            self.acknowledge(delivery)
        return done

    def acknowledge(self, delivery: Delivery) -> None:
        self.queues.acknowledge(delivery)

    def give_back(self, delivery: Delivery) -> None:
        self.queues.show_again(delivery)

    def bury(self, delivery: Delivery) -> Done | Later:
        return bury(self.parts, delivery.message)

    def bury_all(self) -> int:
        """The handler of the dead letters takes what there is; how many it was done with."""
        done = 0
        while delivery := self.queues.receive_any(dead=True):
            done += self.deliver_dead(delivery)
        return done

    def deliver_dead(self, delivery: Delivery) -> bool:
        """As `deliver`, through the handler of the dead letters."""
        try:
            answer = dead_letters_function.handler({"Records": [dict(delivery.record)]}, self._context())
        except Crash:
            return False
        return self._told(delivery, answer)

    # ── the stream ──────────────────────────────────────────────────────────────────────────────────────────────────

    def unread(self) -> list[dict[str, Any]]:
        """The stream's records that the dispatcher has not seen."""
        self._read()
        return self.records[self.position :]

    def _read(self) -> None:
        with self._reading:
            while new := self.tables.read(
                self.records[-1]["dynamodb"]["SequenceNumber"] if self.records else TRIM_HORIZON
            ):
                self.records += new

    def follow(self) -> int:
        """The dispatcher reads what there is, as its filter lets it through; how many records there were."""
        with self._reading:
            records = self.unread()
            self.position = len(self.records)
        self.follow_records(records)
        return len(records)

    def follow_records(self, records: list[dict[str, Any]]) -> None:
        for change in changes.read([record for record in records if filters.wanted(record, dispatcher_filters())]):
            follow(self.parts, change)

    @property
    def past(self) -> History:
        self._read()
        self._past.take(self.records[self._judged :])
        self._judged = len(self.records)
        return self._past

    def observer(self) -> Parts:
        """As `parts`, with a table and files of its own: what a test puts into the engine's way is not in its way."""
        table = Table(self.tables.client, self.tables.name)
        files = Files(client("s3"), self.resources["Bucket"]["Ref"])
        return replace(self.parts, table=table, records=Records(table), files=files)

    def evidence(self) -> Evidence:
        return Evidence(self.observer(), self.past, self.recorder.calls, self.strict_lanes)

    def sweep(self) -> int:
        return sweep(self.parts, self.time())

    def minutes(self, seconds: float) -> Iterator[None]:
        """All works for so long, and the janitor comes every minute; yields after each."""
        end = self.clock.seconds + seconds
        while self.clock.seconds < end:
            minute = self.clock.seconds + 60
            self.run(until=minute)
            self.clock.advance(max(minute - self.clock.seconds, 0.0))
            self.sweep()
            yield

    def run(self, deliveries: int = 1000, until: float = inf) -> int:
        """Works and follows until all is quiet, passing the time until a hidden message comes back; how many deliveries
        it took. Fails where it does not get quiet. What is hidden beyond `until` (seconds) is left."""
        done = 0
        while True:
            followed, buried, delivery = self.follow(), self.bury_all(), self.queues.receive_any()
            if delivery:
                self.deliver(delivery)
                done += 1
            elif not (followed or buried or self.bury_all() or self._wait(until)):  # the last receive may have killed
                return done
            assert done <= deliveries, "the house does not get quiet"

    def _wait(self, until: float) -> bool:
        """Until the next message is due; whether there is one."""
        due = self.queues.due()
        if due is None or due > until:
            return False
        self.clock.advance(max(due - self.clock.seconds, 0.0) + 0.001)
        return True
