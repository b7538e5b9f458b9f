"""SQS as Penstock uses it: FIFO order by group, deduplication that remembers, and no cost that grows with the queue.

What AWS does: a dedup id is remembered for 5 minutes even if the message is gone; a repeated send answers with the
first message's id and sequence number; with DeduplicationScope=messageGroup the id counts per group. Sequence numbers
grow. A message that moves to a dead-letter queue is not a new send. A FIFO message cannot be deleted, nor its
visibility changed, by a receipt handle whose time is over (InvalidParameterValue), and stays; an older handle of a
standard queue's message has no effect.
What moto 5.2.5 does: it forgets the id with the message and ignores the scope (the second group's message is dropped);
sequence numbers are random digits; of two equal dedup ids in a dead-letter queue one is lost; expired handles delete.
It counts every message several times per call (5,000 messages: SendMessageBatch 7.2 s, ReceiveMessage 3.4 s), spins
during a long poll while a group is blocked (2.6 s of CPU in 3 s), and lets two consumers into one group.
Why Penstock needs it: the protocol rests on group order and on the five minutes; the window is up to 50 messages a job.
Not corrected: start_message_move_task (moto has none).
"""

import base64
import copy
import itertools
import time
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import moto.sqs.models
from moto.core.utils import camelcase_to_underscores
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, _filter_message_attributes

from local.emulator import clock
from local.emulator.backlog import Backlog, Entry
from local.emulator.locks import SQS
from local.emulator.patching import add, replace, under

LONGEST_HIDDEN = 43_200
LOCKED = ("send_message", "send_message_batch", "purge_queue", "get_queue_attributes", "set_queue_attributes")
LISTS = ("create_queue", "delete_queue", "list_queues", "list_dead_letter_source_queues")

snake_case = lru_cache(maxsize=None)(camelcase_to_underscores)
_sequences = itertools.count(time.time_ns() * 10)
_attributes: Any = Queue.__dict__["attributes"].fget
_make_queue = Queue.__init__


class Attributes(Mapping[str, Any]):
    """A queue's attributes, each looked up when asked for: the counts are counted only for whoever wants them."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    def __getitem__(self, name: str) -> Any:
        if name in ("RedrivePolicy", "Policy"):
            return _attributes(self.queue)[name]
        if name not in self:
            raise KeyError(name)
        value = getattr(self.queue, snake_case(name))
        return str(value).lower() if isinstance(value, bool) else value

    def __contains__(self, name: object) -> bool:
        queue = self.queue
        fifo, encrypted = queue.fifo_queue, getattr(queue, "kms_master_key_id", None)
        return (
            name in queue.BASE_ATTRIBUTES
            or (fifo and name in queue.FIFO_ATTRIBUTES)
            or bool(encrypted and name in queue.KMS_ATTRIBUTES)
        )

    def __iter__(self) -> Any:
        return iter(_attributes(self.queue))

    def __len__(self) -> int:
        return len(_attributes(self.queue))


def _queue(self: Queue, *arguments: Any, **options: Any) -> None:
    self.__dict__["backlog"] = Backlog()
    _make_queue(self, *arguments, **options)


def backlog(queue: Queue) -> Backlog:
    found: Backlog = queue.__dict__["backlog"]
    return found


def _messages(self: Queue) -> list[Message]:
    return [entry.message for entry in backlog(self)]


def _set_messages(self: Queue, messages: list[Message]) -> None:
    """moto empties a queue by giving it a new list: when it is made, and when it is purged."""
    if messages:
        raise TypeError("messages enter a queue by add_message")
    kept = self.__dict__.get("backlog", Backlog())
    fresh = Backlog()
    fresh.sent = kept.sent
    self.__dict__["backlog"] = fresh


def _count(self: Queue) -> int:
    backlog(self).wake()
    return sum(not entry.in_flight and entry.available <= clock.now() for entry in backlog(self))


def _count_hidden(self: Queue) -> int:
    backlog(self).wake()
    return sum(entry.in_flight for entry in backlog(self))


def _count_delayed(self: Queue) -> int:
    return sum(not entry.in_flight and entry.available > clock.now() for entry in backlog(self))


def _add_message(self: Queue, message: Message) -> None:
    message.sequence_number = f"{next(_sequences):020d}" if self.fifo_queue else None
    if self.fifo_queue and message.deduplication_id:
        scope = message.group_id if self.__dict__.get("deduplication_scope") == "messageGroup" else None
        first = backlog(self).original((scope, message.deduplication_id), message)
        if first is not None:
            message.id, message.sequence_number = first
            return
    _admit(self, message)


def _admit(queue: Queue, message: Message) -> None:
    backlog(queue).add(message, message.group_id if queue.fifo_queue else None)


def _refuse(queue: Queue, entry: Entry) -> bool:
    """Whether the message leaves the queue instead of being delivered: too old, or received too often."""
    message, now = entry.message, clock.now()
    retention: int = queue.__dict__["message_retention_period"]
    if (message.sent_timestamp or 0) / 1000 + retention < now:
        return True
    policy, target = queue.__dict__.get("redrive_policy"), queue.dead_letter_queue
    if not policy or target is None or message.approximate_receive_count < policy["maxReceiveCount"]:
        return False
    moved = copy.copy(message)
    moved.sequence_number = f"{next(_sequences):020d}" if target.fifo_queue else None
    moved.delayed_until = 0.0
    _admit(target, moved)
    return True


def _receive(
    self: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: float,
    visibility_timeout: float,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    deadline = time.monotonic() + wait_seconds_timeout
    with SQS:
        while True:
            queue = self.get_queue(queue_name)
            entries = backlog(queue).take(count, float(visibility_timeout), partial(_refuse, queue))
            left = deadline - time.monotonic()
            if entries or left <= 0:
                return [_received(queue, entry, message_attribute_names or []) for entry in entries]
            due = backlog(queue).due()
            backlog(queue).news.wait(max(min(left, due - clock.now() if due is not None else left), 0.001))


def _received(queue: Queue, entry: Entry, names: list[str]) -> Message:
    message = entry.message
    message.approximate_receive_count += 1
    if not message.approximate_first_receive_timestamp:
        message.approximate_first_receive_timestamp = int(clock.now() * 1000)
    message.receipt_handle = base64.urlsafe_b64encode(f"{queue.name} {entry.order} {entry.receipt}".encode()).decode()
    shown = copy.copy(message)
    _filter_message_attributes(shown, names)
    return shown


def _find(queue: Queue, receipt_handle: str) -> tuple[Entry | None, bool]:
    """The message that the handle is of, None if it is gone, and whether the handle is that of its latest receive."""
    try:
        name, order, receipt = base64.urlsafe_b64decode(receipt_handle.encode()).decode().split(" ")
        place, number = int(order), int(receipt)
    except ValueError as error:
        raise ReceiptHandleIsInvalid from error
    if name != queue.name:
        raise ReceiptHandleIsInvalid
    backlog(queue).wake()
    entry = backlog(queue).entries.get(place)
    return entry, entry is not None and entry.receipt == number


def _delete(self: SQSBackend, queue_name: str, receipt_handle: str) -> None:
    with SQS:
        queue = self.get_queue(queue_name)
        entry, latest = _find(queue, receipt_handle)
        if entry is None:
            return
        if queue.fifo_queue and not (latest and entry.in_flight):
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. "
                "Reason: The receipt handle has expired."
            )
        if latest:
            backlog(queue).remove(entry)


def _delete_batch(
    self: SQSBackend, queue_name: str, receipts: list[dict[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    done, failed = [], []
    for receipt in receipts:
        try:
            _delete(self, queue_name, receipt["ReceiptHandle"])
            done.append(receipt["Id"])
        except (ReceiptHandleIsInvalid, InvalidParameterValue) as error:
            failed.append({"Id": receipt["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return done, failed


def _change_visibility(self: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
    with SQS:
        queue = self.get_queue(queue_name)
        entry, latest = _find(queue, receipt_handle)
        if entry is None or not latest or not entry.in_flight:
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. "
                "Reason: Message does not exist or is not available for visibility timeout change."
            )
        received = (entry.message.approximate_first_receive_timestamp or 0) / 1000
        if clock.now() - received + int(visibility_timeout) > LONGEST_HIDDEN:
            raise InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: Total "
                "VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            )
        backlog(queue).show_again(entry, float(visibility_timeout))


def apply() -> None:
    replace(moto.sqs.models, "camelcase_to_underscores", snake_case)
    replace(moto.sqs.models, "unix_time_millis", lambda: clock.now() * 1000)
    replace(Queue, "__init__", _queue)
    add(Queue, "_messages", property(_messages, _set_messages))
    replace(Queue, "attributes", property(Attributes))
    replace(Queue, "add_message", _add_message)
    # Attributes are looked up when the answer is written: after the call, and so without its lock.
    replace(Queue, "approximate_number_of_messages", property(under(SQS, _count)))
    replace(Queue, "approximate_number_of_messages_not_visible", property(under(SQS, _count_hidden)))
    replace(Queue, "approximate_number_of_messages_delayed", property(under(SQS, _count_delayed)))
    replace(SQSBackend, "receive_message", _receive)
    replace(SQSBackend, "delete_message", _delete)
    replace(SQSBackend, "delete_message_batch", _delete_batch)
    replace(SQSBackend, "change_message_visibility", _change_visibility)
    for name in (*LOCKED, *LISTS):
        replace(SQSBackend, name, under(SQS, SQSBackend.__dict__[name]))
