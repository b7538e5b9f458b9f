"""The engine on the template's own resources in the emulator, driven one delivery at a time under a clock the test
owns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3

from local import filters
from local.emulator import streams
from local.resources import provision
from local.template import Template, load
from penstock.domain.account import Account
from penstock.domain.item import Item
from penstock.domain.job import Job
from penstock.domain.kind import Kinds
from penstock.domain.message import ItemMessage
from penstock.domain.models import Catalogue
from penstock.domain.quota import Needs
from penstock.domain.writes import ProductOf
from penstock.engine.claim import Done, Later
from penstock.engine.dead_letters import bury
from penstock.engine.follow import follow
from penstock.engine.parts import Identity, Limits, Parts
from penstock.engine.submit import Created, submit
from penstock.engine.sweep import sweep
from penstock.engine.work import work
from penstock.store import changes, keys
from penstock.store.files import Files
from penstock.store.queues import Queues
from penstock.store.records import Records
from penstock.store.table import Table
from tests.toys import BOOK, MODEL, STAGES, TOY, Script, ToyRequest

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
WORKER_SECONDS = 900.0
USER = Identity("user-a", "ann")


@lru_cache
def template() -> Template:
    return load(TEMPLATE, {})


@lru_cache
def dispatcher_filters() -> tuple[filters.Pattern, ...]:
    """What the template lets the dispatcher see of the stream."""
    mappings = template().of_type("AWS::Lambda::EventSourceMapping").values()
    return filters.parse("stream", next(each["FilterCriteria"] for each in mappings if "FilterCriteria" in each))


@lru_cache
def client(service: Any) -> Any:
    """One a process: the emulator stands behind every client, whenever it was made."""
    return boto3.client(service, region_name="us-east-1")


class Clock:
    """Milliseconds; moves only when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass(frozen=True)
class Delivery:
    """A message as received: `queue` is the URL it came from."""

    message: ItemMessage
    queue: str
    receipt: str


class House:
    """`parts` is what the engine works with. Deliveries are handed out by `receive`, and done with `work`."""

    def __init__(self) -> None:
        self.resources = provision(template())
        self.clock, self.script = Clock(), Script()
        self.sqs = client("sqs")
        self.position = streams.TRIM_HORIZON
        self.parts = self._parts()

    def _parts(self) -> Parts:
        numbers, fences = count(1), count(1)
        table = Table(client("dynamodb"), self.resources["Table"]["Ref"])
        urls = {name.lower(): self.resources[f"Queue{name}"]["QueueUrl"] for name in ("High", "Normal", "Low")}
        return Parts(
            table=table,
            records=Records(table),
            queues=Queues(self.sqs, urls),
            files=Files(client("s3"), self.resources["Bucket"]["Ref"]),
            kinds=Kinds([TOY, STAGES, BOOK]),
            models=Catalogue([MODEL], available=["toy"]),
            write=self.script.write,
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
        url = self.resources[f"{'DeadLetterQueue' if dead else 'Queue'}{priority.capitalize()}"]["QueueUrl"]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        return Delivery(ItemMessage.decode(found[0]["Body"]), url, found[0]["ReceiptHandle"]) if found else None

    def receive_all(self) -> list[Delivery]:
        return list(iter(self.receive, None))

    def queued(self, priority: str = "normal") -> int:
        url = self.resources[f"Queue{priority.capitalize()}"]["QueueUrl"]
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))

    def work(self, delivery: Delivery, seconds: Callable[[], float] | None = None) -> Done | Later:
        """As the worker's handler: acknowledges, or makes the message visible again at once (the clock does not
        move)."""
        verdict = work(self.parts, delivery.message, seconds or (lambda: WORKER_SECONDS))
        if isinstance(verdict, Done):
            self.acknowledge(delivery)
        else:
            self.give_back(delivery)
        return verdict

    def acknowledge(self, delivery: Delivery) -> None:
        self.sqs.delete_message(QueueUrl=delivery.queue, ReceiptHandle=delivery.receipt)

    def give_back(self, delivery: Delivery) -> None:
        self.sqs.change_message_visibility(QueueUrl=delivery.queue, ReceiptHandle=delivery.receipt, VisibilityTimeout=0)

    def bury(self, delivery: Delivery) -> Done | Later:
        return bury(self.parts, delivery.message)

    # ── the stream ──────────────────────────────────────────────────────────────────────────────────────────────────

    def follow(self) -> int:
        """Reads what the stream has, as the dispatcher's filter lets it through; how many records there were."""
        records = streams.read(self.parts.table.name, self.position, limit=1000)
        if records:
            self.position = records[-1]["dynamodb"]["SequenceNumber"]
        for change in changes.read([record for record in records if filters.wanted(record, dispatcher_filters())]):
            follow(self.parts, change)
        return len(records)

    def sweep(self) -> int:
        return sweep(self.parts, lambda: WORKER_SECONDS)

    def run(self, deliveries: int = 1000) -> int:
        """Works and follows until all is quiet; how many deliveries it took. Fails where it does not get quiet."""
        done = 0
        while True:
            followed = self.follow()
            delivery = self.receive("high") or self.receive() or self.receive("low")
            if delivery:
                self.work(delivery)
                done += 1
            elif not followed:
                return done
            assert done <= deliveries, "the house does not get quiet"

    # ── what stands in the records ──────────────────────────────────────────────────────────────────────────────────

    def job(self, job_id: str, user: str = USER.user) -> Job:
        job = self.parts.records.job(user, job_id)
        assert job is not None
        return job

    def items(self, job_id: str) -> list[Item]:
        return list(self.parts.records.items(job_id, 0, 999_999))

    def account(self, user: str = USER.user) -> Account:
        return Account.of(self.parts.records.account(user) or {})

    def product(self, id: str, user: str = USER.user) -> dict[str, Any] | None:
        return self.parts.table.get(ProductOf(user, "ARTICLE", id))

    def ledger(self, user: str = USER.user) -> list[dict[str, Any]]:
        return list(self.parts.table.query_all(keys.ledger(user)))

    def jobs(self, user: str = USER.user) -> Iterator[Job]:
        return map(Job.of, self.parts.table.query_all(keys.jobs(user)))
