"""The stream pump has the semantics of Lambda's DynamoDB stream event source mappings."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.description import Function, StreamMapping
from local.emulator import Emulator
from local.invoke import LoadedFunction
from local.streams import StreamPump

Event = dict[str, Any]
MAPPING = StreamMapping(
    logical_id="ToyMapping",
    function="Toy",
    function_arn="arn:toy",
    table="toys",
    stream_arn="arn:stream",
    batch_size=10,
    window=0,
    starts_at="TRIM_HORIZON",
    filters=(),
    retries=2,
    max_age=None,
    bisect=False,
    partial=False,
    on_failure=None,
)
ITEMS = ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "ITEM#"}]}}}},)


STOPPED: list[StreamPump] = []
TABLES: list[str] = []
NUMBERS = count(1)


@pytest.fixture(scope="module", autouse=True)
def emulator() -> Iterator[None]:
    with Emulator(port=None):
        yield
        assert all(pump.join(10) for pump in STOPPED)


@pytest.fixture(autouse=True)
def toys() -> None:
    """A table of its own for each test."""
    name = f"toys-{next(NUMBERS)}"
    keys: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    TABLES.append(name)


def put(*names: str) -> None:
    for name in names:
        boto3.client("dynamodb").put_item(TableName=TABLES[-1], Item={"pk": {"S": "p"}, "sk": {"S": name}})


def names(event: Event) -> list[str]:
    return [record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]]


@dataclass
class Reader:
    """Keeps the names it was given, batch by batch; `act` comes after."""

    act: Callable[[Event], Any] = lambda _event: None
    batches: list[list[str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, event: Event, _context: Any) -> Any:
        with self.changed:
            self.batches.append(names(event))
            self.events.append(event)
            self.changed.notify_all()
        return self.act(event)

    def await_batches(self, *expected: list[str]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.batches) >= len(expected), 10), self.batches
        assert self.batches == list(expected)

    def await_name(self, name: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: any(name in batch for batch in self.batches), 10), self.batches


@contextmanager
def reading(reader: Reader, **changes: Any) -> Iterator[StreamPump]:
    function = Function("Toy", "penstock-Toy", "arn:toy", Path(), "toy.x", 30, 128, None, {})
    pump = StreamPump(
        replace(MAPPING, **{"table": TABLES[-1], **changes}), LoadedFunction(function, reader), backoff=0.01
    )
    pump.start()
    try:
        yield pump
    finally:
        pump.stop()
        STOPPED.append(pump)  # its last look lasts up to a second: waited for once, after the last test


def fail_on(*poison: str) -> Callable[[Event], None]:
    def act(event: Event) -> None:
        assert not set(poison) & set(names(event))

    return act


def report(*poison: str) -> Callable[[Event], Any]:
    def act(event: Event) -> Any:
        failed = [record for record in event["Records"] if record["dynamodb"]["Keys"]["sk"]["S"] in poison]
        return {"batchItemFailures": [{"itemIdentifier": each["dynamodb"]["SequenceNumber"]} for each in failed]}

    return act


def failures_queue() -> str:
    return boto3.client("sqs").create_queue(QueueName=f"failures-{TABLES[-1]}")["QueueUrl"]


def notices(url: str) -> list[dict[str, Any]]:
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def test_records_come_in_order_in_batches_with_both_images() -> None:
    put("a", "b", "c")
    boto3.client("dynamodb").delete_item(TableName=TABLES[-1], Key={"pk": {"S": "p"}, "sk": {"S": "a"}})
    reader = Reader()
    with reading(reader, batch_size=3):
        reader.await_batches(["a", "b", "c"], ["a"])
    (removed,) = reader.events[1]["Records"]
    assert (removed["eventName"], removed["eventSource"]) == ("REMOVE", "aws:dynamodb")
    assert removed["dynamodb"]["OldImage"]["sk"] == {"S": "a"}
    assert removed["eventSourceARN"].startswith(f"arn:aws:dynamodb:us-east-1:123456789012:table/{TABLES[-1]}/stream/")


def test_a_change_arrives_as_soon_as_it_is_made() -> None:
    arrived: list[float] = []
    reader = Reader(lambda _event: arrived.append(time.monotonic()))
    with reading(reader):
        put("warm up")
        reader.await_name("warm up")
        time.sleep(0.2)
        made = time.monotonic()
        put("now")
        reader.await_name("now")
    assert arrived[-1] - made < 0.5


def test_a_filter_keeps_out_what_is_not_wanted_and_the_place_moves_past_it() -> None:
    reader = Reader()
    with reading(reader, filters=ITEMS):
        put("JOB#1", "ITEM#1", "JOB#2")
        reader.await_name("ITEM#1")
        put("ITEM#2")
        reader.await_name("ITEM#2")
    assert [name for batch in reader.batches for name in batch] == ["ITEM#1", "ITEM#2"]


def test_a_failed_batch_is_tried_again_as_it_was() -> None:
    failing = iter([True, True, False])

    def act(_event: Event) -> None:
        if next(failing):
            raise RuntimeError("not yet")

    put("a", "b")
    reader = Reader(act)
    with reading(reader):
        reader.await_batches(["a", "b"], ["a", "b"], ["a", "b"])


def test_a_batch_whose_retries_are_used_up_is_given_up_with_a_notice_and_the_next_one_comes() -> None:
    url = failures_queue()
    put("bad")
    reader = Reader(fail_on("bad"))
    with reading(reader, on_failure=url):
        reader.await_batches(["bad"], ["bad"], ["bad"])
        put("good")
        reader.await_name("good")
    (notice,) = notices(url)
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["requestContext"]["approximateInvokeCount"] == 3
    place = notice["DDBStreamBatchInfo"]
    sequence = reader.events[0]["Records"][0]["dynamodb"]["SequenceNumber"]
    assert (place["batchSize"], place["startSequenceNumber"], place["endSequenceNumber"]) == (1, sequence, sequence)


def test_bisecting_finds_the_poison_and_saves_its_neighbours() -> None:
    url = failures_queue()
    put("a", "b", "bad", "c")
    reader = Reader(fail_on("bad"))
    with reading(reader, bisect=True, on_failure=url, retries=1):
        reader.await_name("c")
        reader.await_batches(["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"], ["bad"], ["c"])
    (notice,) = notices(url)
    assert notice["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_partial_report_goes_on_from_the_first_failure() -> None:
    url = failures_queue()
    put("a", "bad", "c")
    reader = Reader(report("bad"))
    with reading(reader, partial=True, retries=1, on_failure=url):
        reader.await_batches(["a", "bad", "c"], ["bad", "c"])
        put("d")
        reader.await_name("d")
    assert len(notices(url)) == 1


def test_a_partial_report_with_bisecting_isolates_the_record() -> None:
    url = failures_queue()
    put("a", "bad", "c")
    reader = Reader(report("bad"))
    with reading(reader, partial=True, bisect=True, retries=1, on_failure=url):
        reader.await_batches(["a", "bad", "c"], ["bad"], ["bad"], ["c"])
    (notice,) = notices(url)
    assert notice["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_malformed_report_fails_the_batch() -> None:
    put("a")
    reader = Reader(lambda _event: {"batchItemFailures": [{"itemIdentifier": "7"}]})
    with reading(reader, partial=True, retries=1):
        reader.await_batches(["a"], ["a"])


def test_poison_in_one_consumer_does_not_hold_back_another() -> None:
    stuck, free = Reader(fail_on("bad")), Reader()
    put("bad")
    with reading(stuck, retries=None, logical_id="Stuck"), reading(free, logical_id="Free"):
        stuck.await_name("bad")
        put("next")
        free.await_name("next")
        assert all(batch == ["bad"] for batch in stuck.batches)


def test_a_new_start_goes_on_where_the_last_one_stopped() -> None:
    put("a", "b")
    before, after = Reader(), Reader()
    with reading(before) as pump:
        before.await_batches(["a", "b"])
    assert pump.join(5)
    put("c")
    with reading(after):
        after.await_batches(["c"])


def test_a_batch_that_was_stopped_amid_its_retries_comes_again() -> None:
    put("a")
    before, after = Reader(fail_on("a")), Reader()
    with reading(before, retries=None) as pump:
        before.await_name("a")
    assert pump.join(5)
    with reading(after):
        after.await_batches(["a"])


def test_latest_leaves_out_what_was_there_before() -> None:
    put("old")
    reader = Reader()
    with reading(reader, starts_at="LATEST"):
        time.sleep(0.2)
        put("new")
        reader.await_name("new")
    assert reader.batches == [["new"]]


def test_a_window_gathers_a_batch() -> None:
    reader = Reader()
    with reading(reader, window=0.3):
        put("a", "b")
        time.sleep(0.05)
        put("c")
        reader.await_batches(["a", "b", "c"])


def test_a_record_that_grew_too_old_is_given_up_unseen() -> None:
    url = failures_queue()
    put("old")
    time.sleep(1.1)
    put("young")
    reader = Reader()
    with reading(reader, max_age=1, on_failure=url):
        reader.await_name("young")
    assert reader.batches == [["young"]]
    (notice,) = notices(url)
    assert notice["requestContext"]["condition"] == "RecordAgeExceeded"
