"""The queue pump has the semantics of Lambda's SQS event source mappings."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.description import Function, QueueMapping
from local.emulator import Emulator
from local.invoke import LoadedFunction
from local.queues import QueuePump

Event = dict[str, Any]


STOPPED: list[QueuePump] = []
NUMBERS = count(1)


@pytest.fixture(scope="module", autouse=True)
def emulator() -> Iterator[None]:
    with Emulator(port=None):
        yield
        assert all(pump.join(10) for pump in STOPPED)


@dataclass
class Work:
    """What a function was given; `act` says what it does with a batch."""

    act: Callable[[Event], Any] = lambda _event: None
    events: list[Event] = field(default_factory=list)
    running: int = 0
    most: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, event: Event, _context: Any) -> Any:
        with self.changed:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return self.act(event)
        finally:
            with self.changed:
                self.running -= 1
                self.events.append(event)
                self.changed.notify_all()

    def bodies(self) -> list[str]:
        return [record["body"] for event in self.events for record in event["Records"]]

    def await_bodies(self, count: int, seconds: float = 10) -> list[str]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bodies()) >= count, seconds), self.bodies()
        return self.bodies()


def queue(kind: str, **attributes: str) -> str:
    """A queue of its own for each test."""
    name = f"{next(NUMBERS)}-{kind}"
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    return boto3.client("sqs").create_queue(QueueName=name, Attributes={**fifo, **attributes})["QueueUrl"]  # type: ignore[dict-item]


def arn(url: str) -> str:
    return f"arn:aws:sqs:us-east-1:123456789012:{url.rsplit('/', 1)[1]}"


def send(url: str, *bodies: str, group: str = "g") -> None:
    for body in bodies:
        boto3.client("sqs").send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"{group}-{body}"
        )


def left(url: str) -> int:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    held = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, held.values()))


def settled(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def loaded(work: Callable[[Event, Any], Any], reserved: int | None = None) -> LoadedFunction:
    return LoadedFunction(Function("Toy", "penstock-Toy", "arn:toy", Path(), "toy.x", 30, 128, reserved, {}), work)


@contextmanager
def pumped(url: str, function: LoadedFunction, **changes: Any) -> Iterator[QueuePump]:
    settings: dict[str, Any] = {"batch_size": 1, "concurrency": 2, "partial": True, "filters": (), **changes}
    pump = QueuePump(QueueMapping("ToyMapping", "Toy", arn(url), url, **settings), function)
    pump.start()
    try:
        yield pump
    finally:
        pump.stop()
        STOPPED.append(pump)  # its last look lasts up to a second: waited for once, after the last test


def test_a_record_has_the_shape_of_lambdas() -> None:
    url, work = queue("work.fifo"), Work()
    boto3.client("sqs").send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageGroupId="ann",
        MessageDeduplicationId="d1",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "note"}},
    )
    with pumped(url, loaded(work)):
        work.await_bodies(1)
    (record,) = work.events[0]["Records"]
    attributes = record["attributes"]
    assert set(record) == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", arn(url), "us-east-1")
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert record["messageAttributes"]["kind"]["stringValue"] == "note"
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("ann", "d1")
    assert attributes["ApproximateReceiveCount"] == "1"
    assert int(attributes["SequenceNumber"]) > 0
    assert abs(int(attributes["SentTimestamp"]) / 1000 - time.time()) < 60


def test_groups_keep_their_order_one_at_a_time_while_others_run_beside_them() -> None:
    url, order, busy = queue("work.fifo"), defaultdict(list), set()

    def act(event: Event) -> None:
        group = event["Records"][0]["attributes"]["MessageGroupId"]
        assert group not in busy
        busy.add(group)
        time.sleep(0.02)
        order[group].append(event["Records"][0]["body"])
        busy.discard(group)

    work = Work(act)
    for group in "abcd":
        send(url, *(str(number) for number in range(8)), group=group)
    with pumped(url, loaded(work), concurrency=3):
        work.await_bodies(32)
    assert dict(order) == {group: [str(number) for number in range(8)] for group in "abcd"}
    assert work.most == 3
    assert settled(lambda: left(url) == 0)


def test_a_message_is_worked_on_as_soon_as_it_is_there() -> None:
    url, arrived = queue("work.fifo"), []
    work = Work(lambda event: arrived.append(time.monotonic()))
    with pumped(url, loaded(work)):
        send(url, "warm up")
        work.await_bodies(1)
        time.sleep(0.2)
        sent = time.monotonic()
        send(url, "now")
        work.await_bodies(2)
    assert arrived[1] - sent < 0.5  # the pump waits for it, it does not come round every second


def test_only_reported_failures_stay_in_the_queue() -> None:
    url = queue("plain", VisibilityTimeout="600")

    def act(event: Event) -> Any:
        bad = [record["messageId"] for record in event["Records"] if record["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in bad]}

    work = Work(act)
    for body in ("good", "bad", "fine"):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    with pumped(url, loaded(work), batch_size=10):
        work.await_bodies(3)
        assert settled(lambda: left(url) == 1)


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": "of another batch"}]},
        {"batchItemFailures": [{"id": "x"}]},
        {"batchItemFailures": "all"},
        "failed",
    ],
)
def test_a_malformed_report_fails_the_whole_batch(answer: Any) -> None:
    url, work = queue("plain", VisibilityTimeout="600"), Work(lambda _event: answer)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    with pumped(url, loaded(work)):
        work.await_bodies(1)
    assert left(url) == 1


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_an_empty_report_is_success(answer: Any) -> None:
    url, work = queue("plain", VisibilityTimeout="600"), Work(lambda _event: answer)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    with pumped(url, loaded(work)):
        work.await_bodies(1)
        assert settled(lambda: left(url) == 0)


def test_without_partial_responses_a_report_is_ignored() -> None:
    url = queue("plain", VisibilityTimeout="600")
    work = Work(lambda event: {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]})
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    with pumped(url, loaded(work), partial=False):
        work.await_bodies(1)
        assert settled(lambda: left(url) == 0)


def test_after_a_raised_error_the_batch_returns_when_its_visibility_ends() -> None:
    url, counts = queue("work.fifo", VisibilityTimeout="1"), []

    def act(event: Event) -> None:
        counts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        if len(counts) == 1:
            raise RuntimeError("once")

    work = Work(act)
    send(url, "x", "y")
    with pumped(url, loaded(work)):
        assert work.await_bodies(3) == ["x", "x", "y"]
        assert settled(lambda: left(url) == 0)
    assert counts == ["1", "2", "1"]


def test_a_message_that_fails_too_often_goes_to_the_dead_letters_whose_mapping_gets_it() -> None:
    dead = queue("dead.fifo")
    policy = f'{{"deadLetterTargetArn": "{arn(dead)}", "maxReceiveCount": "2"}}'
    url = queue("work.fifo", VisibilityTimeout="0", RedrivePolicy=policy)
    failing, burying = Work(lambda _event: 1 / 0), Work()
    send(url, "x", group="ann")
    with pumped(url, loaded(failing)), pumped(dead, loaded(burying)):
        assert burying.await_bodies(1) == ["x"]
        assert failing.await_bodies(2) == ["x", "x"]
    assert burying.events[0]["Records"][0]["attributes"]["MessageGroupId"] == "ann"
    assert burying.events[0]["Records"][0]["eventSourceARN"] == arn(dead)


def test_reserved_concurrency_holds_over_all_mappings_of_a_function() -> None:
    first, second = queue("work.fifo"), queue("more.fifo")
    work = Work(lambda _event: time.sleep(0.03))
    function = loaded(work, reserved=2)
    for group in "abcd":
        send(first, "1", "2", group=group)
        send(second, "3", "4", group=group)
    with pumped(first, function, concurrency=4), pumped(second, function, concurrency=4):
        work.await_bodies(16)
    assert work.most == 2
    assert settled(lambda: left(first) + left(second) == 0)


def test_a_message_no_filter_wants_is_deleted_unseen() -> None:
    url, work = queue("plain"), Work()
    for body in ('{"kind": "other"}', "not json", '{"kind": "note"}'):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    with pumped(url, loaded(work), filters=({"body": {"kind": ["note"]}},)):
        assert settled(lambda: left(url) == 0)
    assert work.bodies() == ['{"kind": "note"}']


def test_a_stop_waits_for_what_runs_and_takes_nothing_more() -> None:
    url, entered = queue("work.fifo"), threading.Event()

    def act(_event: Event) -> None:
        entered.set()
        time.sleep(0.3)

    work = Work(act)
    send(url, "x", "y")
    with pumped(url, loaded(work)) as pump:
        assert entered.wait(5)
        pump.stop()
        assert pump.join(5)
        assert work.bodies() == ["x"]
        assert left(url) == 1


def test_a_stop_says_when_something_does_not_end() -> None:
    url, entered, leave = queue("work.fifo"), threading.Event(), threading.Event()

    def act(_event: Event) -> None:
        entered.set()
        leave.wait(10)

    send(url, "x")
    with pumped(url, loaded(Work(act))) as pump:
        assert entered.wait(5)
        pump.stop()
        assert not pump.join(1.2)
        leave.set()


def test_a_message_that_outlives_its_visibility_comes_again() -> None:
    url, starts = queue("work.fifo", VisibilityTimeout="1"), []

    def act(_event: Event) -> None:
        starts.append(time.monotonic())
        time.sleep(1.3 if len(starts) == 1 else 0)

    work = Work(act)
    send(url, "x")
    with pumped(url, loaded(work)):
        assert work.await_bodies(2) == ["x", "x"]
        assert settled(lambda: left(url) == 0)


def test_a_queue_that_vanished_does_not_end_the_pump() -> None:
    url, work = queue("work.fifo"), Work()
    with pumped(url, loaded(work)):
        boto3.client("sqs").delete_queue(QueueUrl=url)
        time.sleep(0.1)
        boto3.client("sqs").create_queue(QueueName=url.rsplit("/", 1)[1], Attributes={"FifoQueue": "true"})
        send(url, "x")
        assert work.await_bodies(1) == ["x"]
