"""The table: reads, conditional writes, transactions. A failed condition is an answer; contention is waited out with
jitter."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from penstock.domain.conditions import Condition
from penstock.domain.errors import Contention
from penstock.domain.writes import Ref, Refusal, Update, Write
from penstock.store.expressions import Expression, compile_write, decode, encode
from penstock.store.keys import Range, key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Image = dict[str, Any]

PATIENCE = 5.0
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_CONTENTION = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


@dataclass(frozen=True)
class Page:
    """Some images, and where to go on (None at the end)."""

    images: list[Image]
    next: Image | None


class Table:
    """One DynamoDB table. Every read is consistent, save those of an index, which cannot be."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._sleep, self._monotonic = client, sleep, monotonic
        self.name = name

    def get(self, ref: Ref) -> Image | None:
        reply = self._client.get_item(TableName=self.name, Key=encode(key(ref)), ConsistentRead=True)
        return decode(reply["Item"]) if "Item" in reply else None

    def transact(self, writes: Sequence[Write], patience: float = PATIENCE) -> Refusal | None:
        """All of it or none. None means committed; a Refusal says which conditions failed and what stood there.

        Conflicts and throttling are retried under the same request token for `patience` seconds; then Contention is
        raised. The token also makes the SDK's own retries after a lost answer harmless.
        """
        operations: Any = [{name: request} for name, request in (compile_write(write, self.name) for write in writes)]
        token = uuid4().hex
        for _ in self._tries(patience):
            try:
                self._client.transact_write_items(TransactItems=operations, ClientRequestToken=token)
                return None
            except ClientError as error:
                refusal = _refusal(error)
                if refusal:
                    return refusal
        raise Contention("The table was too busy to commit; nothing was changed. Try again in a moment.")

    def update(self, update: Update, patience: float = PATIENCE) -> Image | Refusal:
        """One conditional update: the new image, or why not."""
        _, request = compile_write(update, self.name)
        for _ in self._tries(patience):
            try:
                return decode(self._client.update_item(**request, ReturnValues="ALL_NEW")["Attributes"])
            except ClientError as error:
                refusal = _single_refusal(error)
                if refusal:
                    return refusal
        raise Contention("The table was too busy to write; nothing was changed. Try again in a moment.")

    def _tries(self, patience: float) -> Iterator[int]:
        """Yields until the time is up, sleeping a growing, fully jittered pause between two tries."""
        end, number = self._monotonic() + patience, 0
        while True:
            yield number
            pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number))
            if self._monotonic() + pause > end:
                return
            self._sleep(pause)
            number += 1

    def query(
        self,
        stretch: Range,
        *,
        reverse: bool = False,
        limit: int | None = None,
        after: Image | None = None,
        only: Condition | None = None,
        fields: Sequence[str] = (),
    ) -> Page:
        """One page: at most `limit` images read (before `only` filters them) or 1 MiB. `after` is a former page's
        `next`."""
        request = self._query(stretch, only, fields)
        if limit is not None:
            request["Limit"] = limit
        if after:
            request["ExclusiveStartKey"] = encode(after)
        reply = self._client.query(**request, ScanIndexForward=not reverse)
        last = reply.get("LastEvaluatedKey")
        return Page([decode(image) for image in reply["Items"]], decode(last) if last else None)

    def query_all(
        self, stretch: Range, *, reverse: bool = False, only: Condition | None = None, fields: Sequence[str] = ()
    ) -> Iterator[Image]:
        """Every image of the stretch, page after page as they are asked for."""
        page = self.query(stretch, reverse=reverse, only=only, fields=fields)
        yield from page.images
        while page.next:
            page = self.query(stretch, reverse=reverse, after=page.next, only=only, fields=fields)
            yield from page.images

    def count(self, stretch: Range, only: Condition | None = None) -> int:
        request, total, last = self._query(stretch, only, ()), 0, None
        while True:
            extra: dict[str, Any] = {"ExclusiveStartKey": last} if last else {}
            reply = self._client.query(**request, **extra, Select="COUNT")
            total, last = total + reply["Count"], reply.get("LastEvaluatedKey")
            if not last:
                return total

    def _query(self, stretch: Range, only: Condition | None, fields: Sequence[str]) -> dict[str, Any]:
        expression = Expression()
        request: dict[str, Any] = {"TableName": self.name, "ConsistentRead": stretch.index is None}
        request["KeyConditionExpression"] = (
            f"{expression.name(stretch.key)} = {expression.value(stretch.partition)} AND "
            f"{expression.name('sk')} BETWEEN {expression.value(stretch.low)} AND {expression.value(stretch.high)}"
        )
        if stretch.index:
            request["IndexName"] = stretch.index
        if only:
            request["FilterExpression"] = expression.condition(only)
        if fields:
            request["ProjectionExpression"] = ", ".join(map(expression.name, fields))
        return request | expression.placeholders

    def get_many(self, refs: Sequence[Ref]) -> list[Image | None]:
        """As `get`, for up to any number, in the order asked."""
        wanted = [encode(key(ref)) for ref in refs]
        found: dict[tuple[str, str], Image] = {}
        for start in range(0, len(wanted), 100):
            for image in self._batch_get(wanted[start : start + 100]):
                found[(image["pk"], image["sk"])] = image
        return [found.get((key(ref)["pk"], key(ref)["sk"])) for ref in refs]

    def _batch_get(self, batch: list[dict[str, Any]]) -> Iterator[Image]:
        pending: Any = {self.name: {"Keys": batch, "ConsistentRead": True}}
        for _ in self._tries(PATIENCE):
            reply = self._client.batch_get_item(RequestItems=pending)
            yield from map(decode, reply["Responses"].get(self.name, []))
            pending = reply.get("UnprocessedKeys")
            if not pending:
                return
        raise Contention("The table was too busy to read. Try again in a moment.")

    def delete_all(self, stretch: Range) -> int:
        """Deletes every record of a stretch; how many. Ends early with Contention, and can be called again."""
        keys = [encode(image) for image in self.query_all(stretch, fields=("pk", "sk"))]
        for start in range(0, len(keys), 25):
            self._batch_delete([{"DeleteRequest": {"Key": each}} for each in keys[start : start + 25]])
        return len(keys)

    def _batch_delete(self, requests: list[dict[str, Any]]) -> None:
        pending: Any = {self.name: requests}
        for _ in self._tries(PATIENCE):
            pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems")
            if not pending:
                return
        raise Contention("The table was too busy to delete; the rest goes with the next try.")


def _refusal(error: ClientError) -> Refusal | None:
    """What a cancelled transaction answers; None where it should be tried again. Raises what is neither.

    One conflict among the reasons makes all of them unsure: an old image that is missing then proves nothing.
    """
    reasons: list[Mapping[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = {reason.get("Code", "None") for reason in reasons} or {error.response["Error"]["Code"]}
    if codes & _CONTENTION:
        return None
    if codes <= {"None", "ConditionalCheckFailed"} and reasons:
        return Refusal(
            tuple(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons),
            tuple(decode(reason["Item"]) if reason.get("Item") else None for reason in reasons),
        )
    raise error


def _single_refusal(error: ClientError) -> Refusal | None:
    code = error.response["Error"]["Code"]
    if code in _CONTENTION:
        return None
    if code == "ConditionalCheckFailedException":
        image: Any = error.response.get("Item")
        return Refusal((True,), (decode(image) if image else None,))
    raise error
