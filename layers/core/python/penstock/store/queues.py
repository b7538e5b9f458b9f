"""The three FIFO queues: sending item messages, and giving one back for later."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import Contention
from penstock.domain.message import Outgoing

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_TRIES = 5
_PAUSE = 0.1
LONGEST_VISIBILITY = 43_200


class Queues:
    """`urls` by priority (`high`, `normal`, `low`)."""

    def __init__(
        self, client: "SQSClient", urls: Mapping[str, str], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._sleep = client, sleep
        self._urls = urls
        self._by_name = {url.rsplit("/", 1)[-1]: url for url in urls.values()}

    def send(self, priority: str, messages: Sequence[Outgoing]) -> None:
        """Sends all, in order, ten at a time. A batch that answers with `Failed` entries is sent again for those alone.

        Raises Contention where some could not be sent: sending all of them again is harmless.
        """
        for start in range(0, len(messages), 10):
            self._send_ten(self._urls[priority], messages[start : start + 10])

    def _send_ten(self, url: str, messages: Sequence[Outgoing]) -> None:
        entries: list[Any] = [
            {
                "Id": str(number),
                "MessageBody": message.body,
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.dedup_id,
            }
            for number, message in enumerate(messages)
        ]
        for number in range(_TRIES):
            failed = {
                each["Id"] for each in self._client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
            }
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
            self._sleep(_PAUSE * 2**number)
        raise Contention(f"{len(entries)} messages could not be queued; they are sent with the next dispatch.")

    def return_later(self, queue_arn: str, receipt: str, seconds: float) -> None:
        """The message of `receipt` becomes visible again after `seconds`, never before; its group waits with it."""
        url = self._by_name[queue_arn.rsplit(":", 1)[-1]]
        visibility = max(0, min(math.ceil(seconds), LONGEST_VISIBILITY))
        self._client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=visibility)
