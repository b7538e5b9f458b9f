"""Carries a table's changes to functions, as Lambda's DynamoDB stream event source mappings do.

Every mapping reads for itself at its own place, so what one consumer cannot digest never holds back another.
"""

import json
import logging
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from local import filters
from local.background import Background
from local.batches import MalformedReport, reported_failures
from local.clients import client
from local.description import StreamMapping
from local.emulator import streams
from local.emulator.shards import TrimmedDataAccessException
from local.invoke import InvocationError, LoadedFunction

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
EVERYTHING = 1_000_000

Record = dict[str, Any]


class StreamPump(Background):
    """One mapping: reads, filters, invokes; retries, splits and gives up as the mapping says.

    A batch that waits for its retry when the pump stops is read again after the next start.
    `backoff` is the wait before the first retry in seconds; it doubles up to fifty times that.
    """

    def __init__(self, mapping: StreamMapping, function: LoadedFunction, backoff: float = 0.2) -> None:
        self.mapping = mapping
        self._function = function
        self._backoff = backoff
        super().__init__(mapping.logical_id)

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._step()
            except TrimmedDataAccessException:
                logger.warning("%s fell behind; going on with the oldest record kept", self.mapping.logical_id)
                streams.forget(self.mapping.table, self.mapping.logical_id)
            except Exception:
                # The place was not moved, so the same records come again, as on AWS.
                logger.exception("%s cannot read", self.mapping.logical_id)
                self.stopping.wait(LOOK_SECONDS)

    def _step(self) -> None:
        after = self._place()
        records = streams.read(self.mapping.table, after, self.mapping.batch_size, LOOK_SECONDS)
        if records and self.mapping.window and len(records) < self.mapping.batch_size:
            self.stopping.wait(self.mapping.window)
            records = streams.read(self.mapping.table, after, self.mapping.batch_size)
        chosen = [record for record in records if filters.wanted(record, self.mapping.filters)]
        if self._deliver(chosen, 0) and records:
            self._commit(records[-1])

    def _place(self) -> str:
        place = streams.position(self.mapping.table, self.mapping.logical_id)
        if place == streams.TRIM_HORIZON and self.mapping.starts_at == "LATEST":
            past = streams.read(self.mapping.table, place, EVERYTHING)
            if past:
                self._commit(past[-1])
                return _sequence(past[-1])
        return place

    def _commit(self, record: Record) -> None:
        streams.commit(self.mapping.table, self.mapping.logical_id, _sequence(record))

    def _deliver(self, batch: Sequence[Record], attempts: int) -> bool:
        """Works the batch off, whatever becomes of its records; False if a stop came first."""
        while batch := self._fresh(batch, attempts):
            failed_at = self._invoke(batch)
            if failed_at is None:
                return True
            if self.stopping.is_set():
                return False
            if failed_at > 0:
                # What lies before the first failure is done for good; the rest is a batch of its own.
                self._commit(batch[failed_at - 1])
                batch, attempts = batch[failed_at:], 0
            if self.mapping.bisect and len(batch) > 1:
                # A split is no retry: each half gets what is left of the attempts.
                middle = len(batch) // 2
                return self._deliver(batch[:middle], attempts) and self._deliver(batch[middle:], attempts)
            attempts += 1
            if self._used_up(attempts):
                self._give_up(batch, "RetryAttemptsExhausted", attempts)
                return True
            if self.stopping.wait(min(self._backoff * 2 ** (attempts - 1), self._backoff * 50)):
                return False
        return True

    def _used_up(self, attempts: int) -> bool:
        return self.mapping.retries is not None and attempts > self.mapping.retries

    def _invoke(self, batch: Sequence[Record]) -> int | None:
        """Index of the first record that failed; None if all succeeded."""
        sequences = [_sequence(record) for record in batch]
        try:
            answer = self._function({"Records": list(batch)}, LOOK_SECONDS)
            failures = reported_failures(answer, sequences) if self.mapping.partial else []
        except (InvocationError, MalformedReport) as failed:
            logger.warning("%s: batch of %d failed: %s", self.mapping.logical_id, len(batch), failed)
            return 0
        return min((sequences.index(sequence) for sequence in failures), default=None)

    def _fresh(self, batch: Sequence[Record], attempts: int) -> Sequence[Record]:
        """The batch without what grew too old; the old is given up."""
        if self.mapping.max_age is None:
            return batch
        horizon = time.time() - self.mapping.max_age
        old = [record for record in batch if record["dynamodb"]["ApproximateCreationDateTime"] < horizon]
        if old:
            self._give_up(old, "RecordAgeExceeded", attempts)
        return batch[len(old) :]

    def _give_up(self, batch: Sequence[Record], condition: str, attempts: int) -> None:
        """Says which records were given up where the mapping has a destination: their place, not their content."""
        logger.error("%s gives up %d records: %s", self.mapping.logical_id, len(batch), condition)
        if self.mapping.on_failure is not None:
            body = json.dumps(self._notice(batch, condition, attempts))
            client("sqs").send_message(QueueUrl=self.mapping.on_failure, MessageBody=body)

    def _notice(self, batch: Sequence[Record], condition: str, attempts: int) -> dict[str, Any]:
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self.mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": _instant(time.time()),
            "DDBStreamBatchInfo": {
                "shardId": "shardId-local",
                "startSequenceNumber": _sequence(batch[0]),
                "endSequenceNumber": _sequence(batch[-1]),
                "approximateArrivalOfFirstRecord": _instant(batch[0]["dynamodb"]["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _instant(batch[-1]["dynamodb"]["ApproximateCreationDateTime"]),
                "batchSize": len(batch),
                "streamArn": self.mapping.stream_arn,
            },
        }


def _sequence(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
