"""A table's stream: records in order, kept for a while, seen by readers only once they are final.

What AWS does: records live 24 hours; a no-op write leaves none; a cancelled transaction leaves none; a position older
than the oldest record is a TrimmedDataAccessException.
What moto 5.2.5 does: it keeps every record with two full copies of the item; adds one iterator object to memory per
GetRecords (301 after 300 polls); a cancelled transaction leaves phantom records and detaches every reader.
Why Penstock needs it: a job writes two records per item, and local mode runs for days.

Kept here: at most 24 hours, and never more than MOST records. Once every named reader (`streams.commit`) has a record
behind it, it goes too, but for the last KEEP of them. A reader that falls behind all this gets the exception above,
never a silent gap. Iterators hold their position in their name, so nothing is remembered for them (and they do not
expire after 15 minutes as AWS's do).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition
from typing import Any
from uuid import uuid4

import moto.dynamodb.models.table
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_to_dict
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

from local.emulator import changes, clock
from local.emulator.items import size
from local.emulator.locks import DYNAMODB
from local.emulator.patching import replace

SECONDS = 24 * 3600.0
KEEP = 1_000
MOST = 50_000
FIRST = 1100000000017454423009
NEWS = Condition()  # notified whenever a stream has new records


class TrimmedDataAccessException(ServiceException):
    code = "TrimmedDataAccessException"


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `old` and `new` are the stored items themselves, which never change."""

    sequence: int
    at: float
    event_id: str
    old: Item | None
    new: Item | None

    @property
    def name(self) -> str:
        return "INSERT" if self.old is None else "REMOVE" if self.new is None else "MODIFY"


class Shard:
    """What takes the place of moto's StreamShard: `changes[0]` has the sequence number `first`."""

    def __init__(self, account_id: str, table: Table) -> None:
        self.account_id, self.table = account_id, table
        self.id = "shardId-00000001541626099285-f35f62ef"
        self.starting_sequence_number = self.first = FIRST
        self.created_on = utcnow()
        self.changes: list[Change] = []
        self.positions: dict[str, int] = {}  # of the named readers: the last sequence number each is done with
        self._held: list[Change] | None = None

    @property
    def end(self) -> int:
        """The sequence number the next record will have."""
        return self.first + len(self.changes)

    def to_json(self) -> dict[str, Any]:
        return {"ShardId": self.id, "SequenceNumberRange": {"StartingSequenceNumber": str(self.first)}}

    def add(self, old: Item | None, new: Item | None) -> None:
        if old is not None and new is not None and old.attrs == new.attrs:
            return
        held = self._held if self._held is not None else []
        held.append(Change(self.end + len(held), clock.now(), uuid4().hex, old, new))
        if self._held is None:
            self._publish(held)

    def hold(self) -> None:
        """Keeps records back until `release`: the writes of a transaction are seen together or not at all."""
        self._held = []

    def release(self, *, keep: bool) -> None:
        held, self._held = self._held or [], None
        if keep and held:
            self._publish(held)

    def _publish(self, new: list[Change]) -> None:
        with NEWS:
            self.changes.extend(new)
            self._trim()
            NEWS.notify_all()

    def _trim(self) -> None:
        surplus = max(len(self.changes) - MOST, self._consumed(), 0)
        if surplus > KEEP // 4 or self.changes[0].at < clock.now() - SECONDS:
            oldest = clock.now() - SECONDS
            while surplus < len(self.changes) and self.changes[surplus].at < oldest:
                surplus += 1
            del self.changes[:surplus]
            self.first += surplus

    def _consumed(self) -> int:
        if not self.positions:
            return 0
        return min(min(self.positions.values()) + 1 - self.first, len(self.changes) - KEEP)

    def commit(self, reader: str, sequence: int) -> None:
        with DYNAMODB, NEWS:
            moved = self.positions.get(reader) != sequence
            self.positions[reader] = sequence
            if self.changes:
                self._trim()
        if moved:
            changes.mark()

    def since(self, start: int, limit: int) -> list[Change]:
        """Up to `limit` changes from the sequence number `start` on."""
        if start < self.first:
            raise TrimmedDataAccessException(
                f"The records from {start} on are gone: the oldest one kept is {self.first}."
            )
        return self.changes[start - self.first : start - self.first + limit]

    def record(self, change: Change) -> dict[str, Any]:
        """The record as GetRecords returns it, binary values as bytes."""
        images = {"NewImage": change.new, "OldImage": change.old}
        view = (self.table.stream_specification or {}).get("StreamViewType", "KEYS_ONLY")
        wanted = {name: item for name, item in images.items() if item is not None and _shows(view, name)}
        some = change.new or change.old
        keys = {name: some.attrs[name] for name in self.table.table_key_attrs} if some is not None else {}
        data = {
            "ApproximateCreationDateTime": datetime.fromtimestamp(change.at, UTC),
            "Keys": dynamo_to_dict(keys),
            **{name: dynamo_to_dict(item.attrs) for name, item in wanted.items()},
            "SequenceNumber": str(change.sequence),
            "SizeBytes": sum(size(item) for item in wanted.values()) or 1,
            "StreamViewType": view,
        }
        head = {"eventID": change.event_id, "eventName": change.name, "eventVersion": "1.1"}
        return {**head, "eventSource": "aws:dynamodb", "awsRegion": self.table.region_name, "dynamodb": data}


def _shows(view: str, image: str) -> bool:
    return view == "NEW_AND_OLD_IMAGES" or view.replace("_", "") == image.upper()


class Position:
    """An iterator: its name is its position."""

    def __init__(self, stream_arn: str, sequence: int) -> None:
        self.arn = f"{stream_arn}|1|{sequence}"


def _start(shard: Shard, kind: str, sequence: str | None) -> int:
    if kind == "TRIM_HORIZON":
        return shard.first
    if kind == "LATEST":
        return shard.end
    if sequence is None:
        raise ServiceException("ValidationException", f"ShardIteratorType {kind} needs a SequenceNumber")
    return int(sequence) + (kind == "AFTER_SEQUENCE_NUMBER")


def _get_iterator(
    self: DynamoDBStreamsBackend, arn: str, shard_id: str, shard_iterator_type: str, sequence_number: Any = None
) -> Position:
    shard: Any = self._get_table_from_arn(arn).stream_shard
    if shard is None or shard.id != shard_id:
        raise ServiceException("ResourceNotFoundException", f"Requested resource not found: shard {shard_id}")
    start = _start(shard, shard_iterator_type, sequence_number)
    shard.since(start, 0)
    return Position(arn, start)


def _get_records(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    arn, _, start = iterator_arn.split("|")
    shard: Any = self._get_table_from_arn(arn).stream_shard
    changes = shard.since(int(start), min(limit, 1000))
    following = changes[-1].sequence + 1 if changes else int(start)
    records = [shard.record(change) for change in changes]
    return {"NextShardIterator": Position(arn, following).arn, "Records": records}


def apply() -> None:
    replace(moto.dynamodb.models.table, "StreamShard", Shard)
    replace(DynamoDBStreamsBackend, "get_shard_iterator", _get_iterator)
    replace(DynamoDBStreamsBackend, "get_records", _get_records)
