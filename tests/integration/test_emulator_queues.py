"""The emulator's queues: order by group, deduplication, visibility, dead letters."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends

from local.emulator import Emulator, backlog, clock

REGION = "us-east-1"


@pytest.fixture
def sqs() -> Iterator[Any]:
    with Emulator(port=None):
        yield boto3.client("sqs", region_name=REGION)


def fifo(sqs: Any, name: str = "work", **attributes: str) -> str:
    made = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", **attributes})
    url: str = made["QueueUrl"]
    return url


def send(sqs: Any, url: str, body: str, group: str = "g", once: str | None = None) -> dict[str, Any]:
    sent: dict[str, Any] = sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=once or f"{group}-{body}"
    )
    return sent


def receive(sqs: Any, url: str, count: int = 1, **options: Any) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count, AttributeNames=["All"], **options)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def test_a_dedup_id_is_remembered_after_the_message_is_gone(sqs: Any) -> None:
    url = fifo(sqs)
    first = send(sqs, url, "a", once="x")
    (message,) = receive(sqs, url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    again = send(sqs, url, "b", once="x")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert receive(sqs, url) == []


def test_a_dedup_id_is_forgotten_after_five_minutes(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = fifo(sqs)
    send(sqs, url, "a", once="x")
    monkeypatch.setattr(backlog, "DEDUPLICATION_SECONDS", 0.0)
    send(sqs, url, "b", once="x")
    assert bodies(receive(sqs, url, 10)) == ["a", "b"]


@pytest.mark.parametrize(("scope", "kept"), [("messageGroup", ["1", "2"]), ("queue", ["1"])])
def test_the_deduplication_scope_is_honoured(sqs: Any, scope: str, kept: list[str]) -> None:
    url = fifo(sqs, DeduplicationScope=scope)
    send(sqs, url, "1", "one", once="x")
    send(sqs, url, "2", "two", once="x")
    assert sorted(bodies(receive(sqs, url, 10) + receive(sqs, url, 10))) == kept


def test_content_based_deduplication_and_growing_sequence_numbers(sqs: Any) -> None:
    url = fifo(sqs, ContentBasedDeduplication="true")
    numbers = [
        int(sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")["SequenceNumber"])
        for body in ("a", "b", "a", "c")
    ]
    assert numbers[0] < numbers[1] < numbers[3]
    assert numbers[2] == numbers[0]
    assert bodies(receive(sqs, url, 10)) == ["a", "b", "c"]


def test_a_group_waits_while_one_of_its_messages_is_in_flight(sqs: Any) -> None:
    url = fifo(sqs)
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        send(sqs, url, body, group)
    (first,) = receive(sqs, url)
    assert bodies([first]) == ["a1"]
    assert bodies(receive(sqs, url, 10)) == ["b1"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(receive(sqs, url, 10)) == ["a2"]


def test_a_message_given_back_is_delivered_before_its_followers(sqs: Any) -> None:
    url = fifo(sqs)
    for body in ("1", "2", "3"):
        send(sqs, url, body)
    one, two = receive(sqs, url, 2)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=two["ReceiptHandle"], VisibilityTimeout=0)
    assert receive(sqs, url, 10) == []
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0)
    again = receive(sqs, url, 10)
    assert bodies(again) == ["1", "2", "3"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in again] == ["2", "2", "1"]


def test_a_message_comes_back_when_its_time_is_over_and_wakes_a_long_poll(sqs: Any) -> None:
    url = fifo(sqs)
    send(sqs, url, "a")
    receive(sqs, url, VisibilityTimeout=1)
    start = time.monotonic()
    assert bodies(receive(sqs, url, WaitTimeSeconds=10)) == ["a"]
    assert 0.5 < time.monotonic() - start < 4.0


def test_an_expired_handle_of_a_fifo_message_is_refused_and_the_message_stays(sqs: Any) -> None:
    url = fifo(sqs)
    send(sqs, url, "a")
    (old,) = receive(sqs, url, VisibilityTimeout=0)
    for call in (sqs.delete_message, lambda **k: sqs.change_message_visibility(VisibilityTimeout=5, **k)):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            call(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    failed = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "x", "ReceiptHandle": old["ReceiptHandle"]}])
    assert [entry["Id"] for entry in failed["Failed"]] == ["x"]
    (new,) = receive(sqs, url)
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=new["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=new["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0)


def counts(sqs: Any, url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def test_a_handle_that_never_was_is_invalid(sqs: Any) -> None:
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=fifo(sqs), ReceiptHandle="nonsense")


def test_messages_received_too_often_move_on_and_equal_dedup_ids_are_both_kept(sqs: Any) -> None:
    dead = fifo(sqs, "dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 2}}'
    url = fifo(sqs, DeduplicationScope="messageGroup", RedrivePolicy=policy)
    send(sqs, url, "1", "one", once="same")
    send(sqs, url, "2", "two", once="same")
    for _ in range(4):
        receive(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url, 10) == []
    moved = receive(sqs, dead, 10) + receive(sqs, dead, 10)
    assert [(m["Body"], m["Attributes"]["MessageGroupId"]) for m in moved] == [("1", "one"), ("2", "two")]
    assert counts(sqs, url) == (0, 0)


def test_many_consumers_keep_the_order_of_every_group(sqs: Any) -> None:
    url, groups, length = fifo(sqs), 8, 12
    for number in range(length):
        for group in range(groups):
            send(sqs, url, f"{group}:{number}", str(group))
    seen: list[tuple[str, int]] = []
    busy: Counter[str] = Counter()
    overlaps: list[str] = []

    def consume() -> None:
        while len(seen) < groups * length:
            for message in receive(sqs, url):
                group, number = message["Body"].split(":")
                busy[group] += 1
                if busy[group] > 1:
                    overlaps.append(group)
                seen.append((group, int(number)))
                time.sleep(0.001)
                busy[group] -= 1
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    for group in range(groups):
        assert [number for name, number in seen if name == str(group)] == list(range(length))


def test_a_long_poll_of_a_blocked_group_costs_no_cpu_and_holds_up_nobody(sqs: Any) -> None:
    url = fifo(sqs)
    send(sqs, url, "1")
    send(sqs, url, "2")
    (first,) = receive(sqs, url)
    got: list[str] = []
    poller = threading.Thread(target=lambda: got.extend(bodies(receive(sqs, url, WaitTimeSeconds=20))))
    before = time.process_time()
    poller.start()
    time.sleep(0.8)
    assert time.process_time() - before < 0.4
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    poller.join(5.0)
    assert got == ["2"]


def test_every_waiting_consumer_is_woken_for_a_group_of_its_own(sqs: Any) -> None:
    url = fifo(sqs)
    got: list[str] = []
    pollers = [
        threading.Thread(target=lambda: got.extend(bodies(receive(sqs, url, WaitTimeSeconds=20)))) for _ in range(5)
    ]
    for poller in pollers:
        poller.start()
    time.sleep(0.1)
    for number in range(5):
        send(sqs, url, str(number), f"group{number}")
    for poller in pollers:
        poller.join(5.0)
    assert sorted(got) == ["0", "1", "2", "3", "4"]


def test_work_per_call_does_not_grow_with_the_queue(sqs: Any) -> None:
    url = fifo(sqs)
    for start in range(0, 2000, 10):
        sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {
                    "Id": str(n),
                    "MessageBody": "x",
                    "MessageGroupId": f"g{(start + n) % 300}",
                    "MessageDeduplicationId": f"{start + n}",
                }
                for n in range(10)
            ],
        )
    looked_at: list[int] = []
    queue = sqs_backends["123456789012"][REGION].queues["work.fifo"]
    entries = queue.__dict__["backlog"].entries

    class Watched(dict[int, Any]):
        def __getitem__(self, order: int) -> Any:
            looked_at.append(order)
            return super().__getitem__(order)

        def values(self) -> Any:
            raise AssertionError("all messages were looked at")

    queue.__dict__["backlog"].entries = Watched(entries)
    (message,) = receive(sqs, url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    send(sqs, url, "new", "new")
    assert len(looked_at) < 20


def test_a_standard_queue_has_no_groups_and_hides_what_is_delayed(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="plain")["QueueUrl"]
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    got = receive(sqs, url, 10)
    assert sorted(bodies(got)) == ["a", "b"]
    assert "SequenceNumber" not in got[0]["Attributes"]
    assert bodies(receive(sqs, url, 10, WaitTimeSeconds=5)) == ["later"]


def test_a_purged_queue_is_empty(sqs: Any) -> None:
    url = fifo(sqs)
    send(sqs, url, "a")
    sqs.purge_queue(QueueUrl=url)
    assert receive(sqs, url) == []


def test_all_attributes_are_told_when_a_message_has_just_returned(sqs: Any) -> None:
    """What local mode asks first of a state that it finds: with the process died whoever held the messages."""
    url = fifo(sqs)
    send(sqs, url, "held")
    receive(sqs, url, VisibilityTimeout=60)
    with clock.replaced_by(lambda: time.time() + 61):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
