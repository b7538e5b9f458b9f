"""What a call to AWS touches, as it is asked: two calls that only read, or touch different records, can change places
and nobody could tell."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Request = Mapping[str, Any]

ANYWHERE = "*"
LAST = "\uffff"


@dataclass(frozen=True)
class Stretch:
    """Part of a place: a partition of the table, a group of a queue, a bucket. `ANYWHERE` is every place."""

    place: str
    low: str = ""
    high: str = LAST
    writes: bool = False

    def clashes(self, other: "Stretch") -> bool:
        if not (self.writes or other.writes):
            return False
        if ANYWHERE in (self.place, other.place):
            return True
        return self.place == other.place and self.low <= other.high and other.low <= self.high


Footprint = tuple[Stretch, ...]
EVERYTHING: Footprint = (Stretch(ANYWHERE, writes=True),)


def clash(one: Footprint, other: Footprint) -> bool:
    """Whether it may matter which of the two calls comes first."""
    return any(mine.clashes(theirs) for mine in one for theirs in other)


def footprint(operation: str, request: Request) -> Footprint:
    """Of one call of a boto3 client. What is not known here touches everything."""
    return tuple(_FOOTPRINTS[operation](request)) if operation in _FOOTPRINTS else EVERYTHING


def _record(key: Request, *, writes: bool = False) -> Stretch:
    return Stretch(key["pk"]["S"], key["sk"]["S"], key["sk"]["S"], writes)


def _written(action: Request) -> Stretch:
    ((kind, request),) = action.items()
    return _record(request["Item" if kind == "Put" else "Key"], writes=kind != "ConditionCheck")


def _queried(request: Request) -> Iterator[Stretch]:
    """The store asks for a partition and a stretch of it. An index has records of many partitions."""
    partition, low, high = (request["ExpressionAttributeValues"][name]["S"] for name in (":v0", ":v1", ":v2"))
    yield Stretch(ANYWHERE) if "IndexName" in request else Stretch(partition, low, high)


def _deleted(requests: Request) -> Iterator[Stretch]:
    for table in requests.values():
        for each in table:
            yield _record(each["DeleteRequest"]["Key"], writes=True)


def _sent(request: Request) -> Iterator[Stretch]:
    for group in sorted({entry["MessageGroupId"] for entry in request["Entries"]}):
        yield Stretch(f"{request['QueueUrl']} {group}", writes=True)


_FOOTPRINTS: Mapping[str, Callable[[Request], Iterable[Stretch]]] = {
    "get_item": lambda request: [_record(request["Key"])],
    "update_item": lambda request: [_record(request["Key"], writes=True)],
    "transact_write_items": lambda request: map(_written, request["TransactItems"]),
    "query": _queried,
    "batch_write_item": lambda request: _deleted(request["RequestItems"]),
    "send_message_batch": _sent,
    "get_object": lambda request: [Stretch(request["Bucket"], request["Key"], request["Key"])],
    "put_object": lambda request: [Stretch(request["Bucket"], request["Key"], request["Key"], writes=True)],
    "paginate": lambda request: [Stretch(request["Bucket"], request["Prefix"], request["Prefix"] + LAST)],
}
