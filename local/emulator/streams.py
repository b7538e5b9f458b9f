"""Reading a table's stream in this process: records come within milliseconds, without polling.

A reader has a name and a position that lives in the stream itself, so a snapshot holds both as of the same moment:

    after = streams.position(table, "DispatcherFunction")
    while running:
        for record in streams.read(table, after, limit=100, timeout=1.0):
            ...
            after = record["dynamodb"]["SequenceNumber"]
        streams.commit(table, "DispatcherFunction", after)
"""

import base64
import time
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from local.emulator.shards import NEWS, Shard

TRIM_HORIZON = "TRIM_HORIZON"
ACCOUNT = "123456789012"


def read(
    table_name: str, after: str = TRIM_HORIZON, limit: int = 100, timeout: float = 0.0, region: str = "us-east-1"
) -> list[dict[str, Any]]:
    """The records that follow the sequence number `after`, in the shape of a Lambda event's `Records`.

    Waits up to `timeout` seconds for the first one; an empty list means there was none. TRIM_HORIZON starts with the
    oldest record kept. TrimmedDataAccessException: the record after `after` is gone. ValueError: no such stream.
    """
    shard = _shard(table_name, region)
    deadline = time.monotonic() + timeout
    with NEWS:
        start = shard.first if after == TRIM_HORIZON else int(after) + 1
        while start >= shard.end and (left := deadline - time.monotonic()) > 0:
            NEWS.wait(left)
        changes = shard.since(start, limit)
    arn = f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}"
    return [{**_plain(shard.record(change)), "eventSourceARN": arn} for change in changes]


def position(table_name: str, reader: str, region: str = "us-east-1") -> str:
    """Where the reader left off: the last sequence number it committed, or TRIM_HORIZON."""
    sequence = _shard(table_name, region).positions.get(reader)
    return TRIM_HORIZON if sequence is None else str(sequence)


def commit(table_name: str, reader: str, sequence: str, region: str = "us-east-1") -> None:
    """The reader is done with everything up to `sequence` (TRIM_HORIZON: with nothing, but records wait for it)."""
    shard = _shard(table_name, region)
    if sequence == TRIM_HORIZON:
        shard.commit(reader, shard.positions.get(reader, shard.first - 1))
    else:
        shard.commit(reader, int(sequence))


def forget(table_name: str, reader: str, region: str = "us-east-1") -> None:
    """The reader is no more: records are not kept for it."""
    _shard(table_name, region).positions.pop(reader, None)


def _shard(table_name: str, region: str) -> Shard:
    shard: Any = dynamodb_backends[ACCOUNT][region].get_table(table_name).stream_shard
    if shard is None:
        raise ValueError(f"table {table_name} has no stream: give it a StreamSpecification")
    return shard  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """As JSON carries it: binary as base64, a time as seconds."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if hasattr(value, "timestamp") else value
