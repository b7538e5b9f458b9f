"""Carries messages from queues to functions, as Lambda's SQS event source mappings do."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import filters
from local.background import Background
from local.batches import MalformedReport, reported_failures
from local.clients import client
from local.description import QueueMapping
from local.invoke import InvocationError, LoadedFunction, Throttled
from local.template import REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

# One look lasts this long, so that a stop is noticed. A message ends it at once.
LOOK_SECONDS = 1
# A message received while the function's reserved concurrency is used up waits this long, then returns to the queue
# when its visibility ends, one receive poorer: what AWS does with a throttled batch.
PATIENCE_SECONDS = 30.0


class QueuePump(Background):
    """One mapping: receives while a poller is free, invokes, deletes what succeeded and leaves the rest."""

    def __init__(self, mapping: QueueMapping, function: LoadedFunction) -> None:
        super().__init__(f"{mapping.logical_id}-poll")
        self.mapping = mapping
        self._function = function
        self._pollers = threading.Semaphore(mapping.concurrency)
        self._workers = ThreadPoolExecutor(mapping.concurrency, thread_name_prefix=mapping.logical_id)

    def join(self, timeout: float) -> bool:
        """Waits for what runs; whether it ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        polling_ended = super().join(timeout)
        pollers = range(self.mapping.concurrency)
        ended = [self._pollers.acquire(timeout=max(0.0, deadline - time.monotonic())) for _ in pollers]
        for _ in filter(None, ended):
            self._pollers.release()
        self._workers.shutdown(wait=False)
        return all(ended) and polling_ended

    def run(self) -> None:
        while not self.stopping.is_set():
            if not self._pollers.acquire(timeout=LOOK_SECONDS):
                continue
            messages = self._receive()
            if messages and self.stopping.is_set():
                self._return(messages)
            elif messages:
                self._workers.submit(self._work, messages)
                continue
            self._pollers.release()

    def _receive(self) -> list["MessageTypeDef"]:
        try:
            return (
                client("sqs")
                .receive_message(
                    QueueUrl=self.mapping.queue_url,
                    MaxNumberOfMessages=self.mapping.batch_size,
                    WaitTimeSeconds=LOOK_SECONDS,
                    MessageSystemAttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
                .get("Messages", [])
            )
        except Exception:
            # A mapping outlives a failed look, as on AWS; the pause keeps a lasting fault from spinning.
            logger.exception("%s cannot receive", self.mapping.logical_id)
            self.stopping.wait(LOOK_SECONDS)
            return []

    def _return(self, messages: Sequence["MessageTypeDef"]) -> None:
        for message in messages:
            client("sqs").change_message_visibility(
                QueueUrl=self.mapping.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def _work(self, messages: Sequence["MessageTypeDef"]) -> None:
        try:
            self._deliver(messages)
        except Exception:
            logger.exception("%s cannot deliver", self.mapping.logical_id)
        finally:
            self._pollers.release()

    def _deliver(self, messages: Sequence["MessageTypeDef"]) -> None:
        records = [self._record(message) for message in messages]
        wanted = [record for record in records if filters.wanted(_filtered(record), self.mapping.filters)]
        left = self._invoke(wanted) if wanted else set()
        self._delete([record["receiptHandle"] for record in records if record["messageId"] not in left])

    def _invoke(self, records: Sequence[Mapping[str, Any]]) -> set[str]:
        """Ids of the messages that stay in the queue until their visibility ends."""
        ids = [record["messageId"] for record in records]
        try:
            answer = self._function({"Records": list(records)}, PATIENCE_SECONDS)
            return set(reported_failures(answer, ids)) if self.mapping.partial else set()
        except Throttled as throttled:
            logger.warning("%s", throttled)
        except (InvocationError, MalformedReport) as failed:
            logger.warning("%s: batch of %d failed: %s", self.mapping.logical_id, len(ids), failed)
        return set(ids)

    def _delete(self, handles: Sequence[str]) -> None:
        for handle in handles:
            try:
                client("sqs").delete_message(QueueUrl=self.mapping.queue_url, ReceiptHandle=handle)
            except ClientError as late:
                # Its visibility ended before the function did: the message comes again, as on AWS.
                logger.warning("%s cannot delete a message: %s", self.mapping.logical_id, late)

    def _record(self, message: "MessageTypeDef") -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": dict(message.get("Attributes", {})),
            "messageAttributes": {
                name: _attribute(each) for name, each in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.mapping.queue_arn,
            "awsRegion": REGION,
        }


def _attribute(given: Mapping[str, Any]) -> dict[str, Any]:
    spelling = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}
    written = {spelling[key]: each for key, each in given.items() if key in spelling}
    return {**written, "stringListValues": [], "binaryListValues": []}


def _filtered(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Patterns look into a JSON body; any other body is text."""
    return {**record, "body": filters.parsed(record["body"])}
