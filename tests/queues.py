"""The queues of a house, and what may happen to a message that no sender asked for.

They are strict: dedup ids are remembered for five minutes also after the message is gone, a group waits for the one of
its messages that is in flight, receives are counted and end in the dead letters. All of it goes by the house's clock.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from moto.sqs.models import Queue, sqs_backends

from local.emulator.backlog import Backlog, Entry
from local.emulator.locks import SQS
from local.emulator.queues import backlog
from local.template import ACCOUNT
from penstock.domain.message import ItemMessage
from tests.backends import client

PRIORITIES = ("high", "normal", "low")


@dataclass(frozen=True)
class Delivery:
    """A message as received: `queue` is the URL it came from, `record` what a Lambda event says of it."""

    message: ItemMessage
    queue: str
    receipt: str
    record: Mapping[str, Any]


class Queues:
    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._sqs = client("sqs")
        self.urls = {name: resources[f"Queue{name.title()}"]["QueueUrl"] for name in PRIORITIES}
        self.dead_urls = {name: resources[f"DeadLetterQueue{name.title()}"]["QueueUrl"] for name in PRIORITIES}

    def receive(self, priority: str = "normal", dead: bool = False) -> Delivery | None:
        url = (self.dead_urls if dead else self.urls)[priority]
        asked = {"MaxNumberOfMessages": 1, "MessageSystemAttributeNames": ["All"]}
        found = self._sqs.receive_message(QueueUrl=url, **asked).get("Messages", [])
        return _delivery(url, found[0]) if found else None

    def receive_any(self, dead: bool = False) -> Delivery | None:
        filled = [name for name in PRIORITIES if self.count(name, dead)]
        return next((each for name in filled if (each := self.receive(name, dead))), None)

    def acknowledge(self, delivery: Delivery) -> bool:
        """False where its visibility has ended: then the message stays, and comes again."""
        return self._in_time(lambda: self._sqs.delete_message(**_handle(delivery)))

    def show_again(self, delivery: Delivery) -> bool:
        """The message returns now. False where it has returned by itself."""
        return self._in_time(lambda: self._sqs.change_message_visibility(**_handle(delivery), VisibilityTimeout=0))

    @staticmethod
    def _in_time(call: Callable[[], object]) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidParameterValue":
                raise
            return False
        return True

    def count(self, priority: str = "normal", dead: bool = False) -> int:
        return len(self._backlog((self.dead_urls if dead else self.urls)[priority]))

    def due(self) -> float | None:
        """When the next hidden message can be received, seconds since 1970; None where none is hidden."""
        return min((entry.available for each in self._all() for entry in each if entry.in_flight), default=None)

    # ── what nobody asked for ───────────────────────────────────────────────────────────────────────────────────────

    def purge(self) -> int:
        """Every message is lost, those in flight too; how many there were."""
        lost = list(self._held())
        for queue, entry in lost:
            _remove(queue, entry)
        return len(lost)

    def lose(self, random: Random) -> bool:
        """One message is lost, in flight or not."""
        return self._take(random) is not None

    def kill(self, random: Random) -> bool:
        """One message goes to the dead letters, as after its last receive, in flight or not."""
        taken = self._take(random)
        if taken:
            queue, entry = taken
            self._admit(queue.dead_letter_queue, entry)
        return taken is not None

    def duplicate(self, random: Random) -> bool:
        """One message is there twice: its second copy comes behind all that wait in its group."""
        held = list(self._held())
        if held:
            queue, entry = random.choice(held)
            self._admit(queue, entry)
        return bool(held)

    def shuffle(self, random: Random) -> None:
        """What waits in a group comes in another order: messages of an older run behind those of a newer one."""
        for each in self._backlogs():
            for group in each.groups.values():
                if not group.in_flight and len(group.waiting) > 1:
                    _shuffle(each, group.waiting, random)

    def redrive(self) -> int:
        """An operator moves every dead letter that waits back to its queue; how many."""
        moved = 0
        for name in PRIORITIES:
            while delivery := self.receive(name, dead=True):
                source, target = self._queue(delivery.queue), self._queue(self.urls[name])
                entry = next(each for each in backlog(source) if each.message.id == delivery.record["messageId"])
                self._admit(target, entry)
                _remove(source, entry)
                moved += 1
        return moved

    def _take(self, random: Random) -> tuple[Queue, Entry] | None:
        held = list(self._held())
        if not held:
            return None
        queue, entry = random.choice(held)
        _remove(queue, entry)
        return queue, entry

    @staticmethod
    def _admit(queue: Any, entry: Entry) -> None:
        """A copy of the message, which was never received. It is no new send, so its dedup id is not looked at."""
        copy = entry.message.__class__(entry.message.id, entry.message.body, entry.message.system_attributes)
        copy.group_id, copy.deduplication_id = entry.message.group_id, entry.message.deduplication_id
        copy.sequence_number, copy.sent_timestamp = entry.message.sequence_number, entry.message.sent_timestamp
        with SQS:
            backlog(queue).add(copy, copy.group_id)

    def _held(self) -> Iterator[tuple[Queue, Entry]]:
        for url in self.urls.values():
            queue = self._queue(url)
            yield from ((queue, entry) for entry in backlog(queue))

    def _backlogs(self) -> list[Backlog]:
        return [self._backlog(url) for url in self.urls.values()]

    def _all(self) -> list[Backlog]:
        return [*self._backlogs(), *map(self._backlog, self.dead_urls.values())]

    def _backlog(self, url: str) -> Backlog:
        return backlog(self._queue(url))

    @staticmethod
    def _queue(url: str) -> Queue:
        return sqs_backends[ACCOUNT]["us-east-1"].queues[url.rsplit("/", 1)[1]]


def _remove(queue: Queue, entry: Entry) -> None:
    with SQS:
        backlog(queue).remove(entry)


def _handle(delivery: Delivery) -> dict[str, Any]:
    return {"QueueUrl": delivery.queue, "ReceiptHandle": delivery.receipt}


def _shuffle(held: Backlog, waiting: list[int], random: Random) -> None:
    """Places stay, messages change them."""
    entries = [held.entries[order] for order in waiting]
    for order, entry in zip(list(waiting), random.sample(entries, len(entries)), strict=True):
        entry.order = order
        held.entries[order] = entry


def _delivery(url: str, found: Mapping[str, Any]) -> Delivery:
    record = {
        "messageId": found["MessageId"],
        "receiptHandle": found["ReceiptHandle"],
        "body": found["Body"],
        "attributes": dict(found.get("Attributes", {})),
        "messageAttributes": {},
        "md5OfBody": found["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}",
        "awsRegion": "us-east-1",
    }
    return Delivery(ItemMessage.decode(found["Body"]), url, found["ReceiptHandle"], record)
