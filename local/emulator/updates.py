"""UpdateItem stores a new item and emits at most one stream record.

What AWS does: an UpdateItem that creates the item is one INSERT; one that changes nothing emits no record.
What moto 5.2.5 does: it emits two INSERTs, the first of the keys alone; a write without change emits a MODIFY.
Why Penstock needs it: the dispatcher acts on every record of a job. A phantom one is a dispatch for nothing.
"""

from functools import lru_cache
from typing import Any

import moto.dynamodb.responses
from moto.dynamodb.comparisons import create_condition_expression_parser, get_expected
from moto.dynamodb.exceptions import ConditionalCheckFailed, ItemSizeToUpdateTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.validators import UpdateExpressionValidator

from local.emulator.expressions import NotPlain, Step, Update, plan
from local.emulator.items import MOST_BYTES, attributes, check_size, draft, new_item, size
from local.emulator.patching import replace
from local.emulator.rows import rows_of

MOST_CHECKED = 1_000
Names = dict[str, str] | None
Values = dict[str, Any] | None
parsed = lru_cache(maxsize=1_000)(UpdateExpressionParser.make)  # moto's validator works on a copy
_checked: set[Any] = set()  # plain expressions that moto has found right, by table


def holds(item: Item | None, condition: str | None, names: Names, values: Values) -> bool:
    """Whether the condition holds for the item; True without a condition."""
    if condition is None:
        return True
    return bool(create_condition_expression_parser(condition, names, values).parse().expr(item))


def refuse(item: Item | None, wanted: str | None) -> ConditionalCheckFailed:
    """The failed condition, with the old item if the caller asked for it."""
    if item is not None and wanted == "ALL_OLD":
        return ConditionalCheckFailed(item=item.to_json()["Attributes"])
    return ConditionalCheckFailed()


def updated(table: Table, key: dict[str, Any], old: Item | None, expression: str, names: Names, values: Values) -> Item:
    """The item as the update expression makes it; nothing is stored."""
    seen = (table.name, expression, *sorted((names or {}).items()))
    steps = plan(expression)
    item = _plain(table, key, old, steps, names, values) if steps is not None and seen in _checked else None
    if item is None:
        item = _by_moto(table, key, old, expression, names, values)
        if len(_checked) >= MOST_CHECKED:
            _checked.clear()
        _checked.add(seen)
    if size(item) > MOST_BYTES:
        raise ItemSizeToUpdateTooLarge
    return item


def _plain(
    table: Table, key: dict[str, Any], old: Item | None, steps: tuple[Step, ...], names: Names, values: Values
) -> Item | None:
    """The updated item, or None where moto has to look at it."""
    try:
        new = Update(old, key, names or {}, values or {}).attributes(steps)
    except NotPlain:
        return None
    types = {part["AttributeName"]: part["AttributeType"] for part in table.attr}
    if any(name in types and (value.type != types[name] or value.value == "") for name, value in new.items()):
        return None
    item = new_item(*((old.hash_key, old.range_key) if old is not None else _keys(table, key)))
    item.attrs = attributes(new)
    return item


def _by_moto(
    table: Table, key: dict[str, Any], old: Item | None, expression: str, names: Names, values: Values
) -> Item:
    item = draft(old) if old is not None else _blank(table, key)
    valid = UpdateExpressionValidator(
        parsed(expression),
        expression_attribute_names=names or {},
        expression_attribute_values=values or {},
        item=item,
        table=table,
    ).validate()
    valid.normalize()
    UpdateExpressionExecutor(valid, item, names or {}).execute()
    return item


def _blank(table: Table, key: dict[str, Any]) -> Item:
    hash_key, range_key = _keys(table, key)
    return Item(hash_key, range_key, attrs=key)


def _keys(table: Table, key: dict[str, Any]) -> Any:
    return DynamoDBBackend.get_keys_value(None, table, key)  # type: ignore[arg-type]


def store(table: Table, old: Item | None, new: Item) -> None:
    """Keeps the new item and tells the stream."""
    rows_of(table).store(new)
    if table.stream_shard is not None:
        table.stream_shard.add(old, new)


def _update_item(  # noqa: PLR0913  # moto's signature
    self: DynamoDBBackend,
    table_name: str,
    key: dict[str, Any],
    update_expression: str,
    expression_attribute_names: Names,
    expression_attribute_values: Values,
    attribute_updates: dict[str, Any] | None = None,
    expected: dict[str, Any] | None = None,
    condition_expression: str | None = None,
    return_values_on_condition_check_failure: str | None = None,
) -> Item:
    table = self.get_table(table_name)
    names, values = expression_attribute_names, expression_attribute_values
    old = table.get_item(*_keys(table, key))
    if not get_expected(expected or {}).expr(old) or not holds(old, condition_expression, names, values):
        raise refuse(old, return_values_on_condition_check_failure)
    if update_expression:
        new = updated(table, key, old, update_expression, names, values)
    else:
        new = _legacy_update(table, key, old, attribute_updates or {})
    store(table, old, new)
    return new


def _legacy_update(table: Table, key: dict[str, Any], old: Item | None, changes: dict[str, Any]) -> Item:
    new = draft(old) if old is not None else _blank(table, key)
    new.validate_no_empty_key_values(changes, table.attribute_keys)
    new.update_with_attribute_updates(changes)
    check_size(new)
    return new


class _Parser:
    """Takes the place of moto's parser where a handler only looks at the tree."""

    make = staticmethod(parsed)


def apply() -> None:
    replace(DynamoDBBackend, "update_item", _update_item)
    replace(moto.dynamodb.responses, "UpdateExpressionParser", _Parser)
