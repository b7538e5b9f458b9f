"""TransactWriteItems: all or nothing, at the price of the items it names; a request token works for ten minutes.

What AWS does: every condition is tested against the state before, then all writes happen together or none. The whole
is at most 4 MB. A repeated ClientRequestToken within 10 minutes succeeds without a second effect; with another request
it is an IdempotentParameterMismatchException. Errors that come from an item (too large, wrong type) are reasons of a
cancelled transaction.
What moto 5.2.5 does: it copies the whole table, stream included, once for every action (10,000 items: 4 s), puts that
copy in the table's place when it cancels, and so deletes what others wrote meanwhile. It ignores the token and accepts
more than 4 MB.
Why Penstock needs it: claim and settle are transactions, and a lost answer is retried with the same token.
Not corrected: TransactionConflict is never raised, for transactions run one after the other here (tests inject it).
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import (
    AttributeDoesNotExist,
    ConditionalCheckFailed,
    IncorrectDataType,
    IncorrectOperandType,
    ItemSizeTooLarge,
    ItemSizeToUpdateTooLarge,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from local.emulator import clock
from local.emulator.items import size
from local.emulator.patching import replace
from local.emulator.rows import rows_of
from local.emulator.updates import holds, store, updated

if TYPE_CHECKING:
    from moto.dynamodb.models.dynamo_type import Item
    from moto.dynamodb.models.table import Table

MOST_BYTES = 4 * 1024 * 1024
MOST_ACTIONS = 100
TOKEN_SECONDS = 600.0
KINDS = {"ConditionCheck", "Put", "Delete", "Update"}
OF_THE_ITEM = (
    AttributeDoesNotExist,
    IncorrectDataType,
    IncorrectOperandType,
    ItemSizeTooLarge,
    ItemSizeToUpdateTooLarge,
)
Reason = tuple[str | None, str | None, dict[str, Any] | None]
FINE: Reason = (None, None, None)


class Action:
    """One action of a transaction, with the item as it was before."""

    def __init__(self, backend: DynamoDBBackend, kind: str, request: dict[str, Any]) -> None:
        self.kind, self.request = kind, request
        self.table: Table = backend.get_table(request["TableName"])
        self.key = self._key()
        self.keys = backend.get_keys_value(self.table, self.key)
        self.old: Item | None = self.table.get_item(*self.keys)

    def _key(self) -> dict[str, Any]:
        given: dict[str, Any] = self.request["Item"] if self.kind == "Put" else self.request["Key"]
        if any(name not in given for name in self.table.table_key_attrs):
            raise MockValidationException("The provided key element does not match the schema")
        return {name: given[name] for name in self.table.table_key_attrs} if self.kind == "Put" else given

    def judge(self) -> Reason:
        """Whether the action's condition holds for the item as it is."""
        request = self.request
        names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
        if holds(self.old, request.get("ConditionExpression"), names, values):
            return FINE
        wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and self.old is not None
        shown = self.old.to_json()["Attributes"] if wanted and self.old is not None else None
        return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), shown

    def write(self) -> int:
        """Does it, and returns the bytes of the item it is about."""
        new: Item | None = self.old
        if self.kind == "Put":
            new = self.table.put_item(self.request["Item"], overwrite=True)
        elif self.kind == "Update":
            names, values = self.request.get("ExpressionAttributeNames"), self.request.get("ExpressionAttributeValues")
            new = updated(self.table, self.key, self.old, self.request["UpdateExpression"], names, values)
            store(self.table, self.old, new)
        elif self.kind == "Delete":
            self.table.delete_item(*self.keys)
        return size(new) if new is not None else 0

    def undo(self) -> None:
        if self.kind == "ConditionCheck":
            return
        if self.old is not None:
            rows_of(self.table).store(self.old)
        else:
            rows_of(self.table).remove(*self.keys)


def _transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    if len(transact_items) > MOST_ACTIONS:
        raise TooManyTransactionsException
    actions = [_action(self, item) for item in transact_items]
    if len({(action.table.name, *action.keys) for action in actions}) < len(actions):
        raise MultipleTransactionsException
    _cancel_if([action.judge() for action in actions])
    shards: list[Any] = list({id(a.table): a.table.stream_shard for a in actions if a.table.stream_shard}.values())
    for shard in shards:
        shard.hold()
    done = False
    try:
        _write(actions)
        done = True
    finally:
        for action in () if done else actions:
            action.undo()
        for shard in shards:
            shard.release(keep=done)


def _action(backend: DynamoDBBackend, item: dict[str, Any]) -> Action:
    if len(item) != 1:
        raise TransactWriteSingleOpException
    ((kind, request),) = item.items()
    if kind not in KINDS:
        raise MockValidationException(f"Unsupported action in a transaction: {kind}")
    return Action(backend, kind, request)


def _cancel_if(reasons: list[Reason]) -> None:
    if any(code is not None for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)


def _write(actions: list[Action]) -> None:
    total = 0
    for number, action in enumerate(actions):
        try:
            total += action.write()
        except OF_THE_ITEM as error:
            reasons = [FINE] * len(actions)
            reasons[number] = ("ValidationError", str(error.message), None)
            raise TransactionCanceledException(reasons) from error
    if total > MOST_BYTES:
        raise MockValidationException("The aggregate size of the items in the transaction exceeds 4 MB")


Tokens = dict[str, tuple[float, bytes]]  # token → when it succeeded, and a digest of its request; oldest first


def tokens_of(backend: DynamoDBBackend) -> Tokens:
    tokens: Tokens = backend.__dict__.setdefault("request_tokens", {})
    oldest = clock.now() - TOKEN_SECONDS
    while tokens and tokens[first := next(iter(tokens))][0] < oldest:
        del tokens[first]
    return tokens


def _digest(body: dict[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(body, sort_keys=True, default=repr).encode(), digest_size=16).digest()


_moto_handler = DynamoHandler.transact_write_items


def _handle(self: DynamoHandler) -> ActionResult:
    token = self.body.get("ClientRequestToken")
    if not token:
        return _moto_handler(self)
    tokens, digest = tokens_of(self.dynamodb_backend), _digest(self.body)
    _, known = tokens.get(token, (0.0, digest))
    if known != digest:
        raise JsonRESTError(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            f"The request with the client token {token} was made before with other parameters",
        )
    if token in tokens:
        return ActionResult({})
    result = _moto_handler(self)
    tokens[token] = (clock.now(), digest)
    return result


def apply() -> None:
    replace(DynamoDBBackend, "transact_write_items", _transact)
    replace(DynamoHandler, "transact_write_items", _handle)
