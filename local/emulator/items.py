"""Items are written whole, and measured once; numbers are added to 38 digits.

What AWS does: refuses an item above 400 KB; a write replaces the item; numbers have 38 digits.
What moto 5.2.5 does: it adds fractions to 28 digits; re-measures the whole item for every attribute it sets (an item of
40 attributes: 1,600 sizes); and UpdateItem changes the stored item in place, so that whoever holds it sees it change.
Why Penstock needs it: a job has some forty attributes and is written twice for every item of it.
"""

import copy
from decimal import Context
from typing import Any

from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import SecondaryIndex, Table
from moto.dynamodb.models.utilities import bytesize

from local.emulator.patching import replace
from local.emulator.rows import Partitions, rows_of

MOST_BYTES = 400 * 1024
DIGITS = Context(prec=38)


def attributes(values: dict[str, DynamoType]) -> LimitedSizeDict:
    """The mapping that moto keeps attributes in, filled without measuring."""
    mapping = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(mapping, values)
    return mapping


def new_item(hash_key: DynamoType, range_key: DynamoType | None) -> Item:
    """An item whose attributes are still to come."""
    item: Any = Item.__new__(Item)
    item.hash_key, item.range_key = hash_key, range_key
    return item  # type: ignore[no-any-return]


def size(item: Item) -> int:
    """Bytes of the item's names and values; an item does not change, so it is measured once."""
    known: int | None = item.__dict__.get("bytes")
    if known is None:
        known = sum(bytesize(name) + value.size() for name, value in item.attrs.items())
        item.__dict__["bytes"] = known
    return known


def subset(item: Item, names: set[str]) -> Item:
    """The item with only these attributes."""
    part = new_item(item.hash_key, item.range_key)
    part.attrs = attributes({name: value for name, value in item.attrs.items() if name in names})
    return part


def draft(item: Item) -> Item:
    """A copy that an update may change; values are shared until the update replaces them, nested ones copied."""
    copied = new_item(item.hash_key, item.range_key)
    copied.attrs = attributes(
        {name: value if isinstance(value.value, str) else copy.deepcopy(value) for name, value in item.attrs.items()}
    )
    return copied


def check_size(item: Item) -> None:
    if size(item) > MOST_BYTES:
        raise ItemSizeTooLarge


def _item(self: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    self.hash_key, self.range_key = hash_key, range_key
    self.attrs = attributes({name: DynamoType(value) for name, value in attrs.items()})
    check_size(self)


_project_nested = Item.project


def _project(self: Item, projection_expressions: list[list[str]]) -> Item:
    if all(len(path) == 1 and "[" not in path[0] for path in projection_expressions):
        return subset(self, {path[0] for path in projection_expressions})
    return _project_nested(self, projection_expressions)


def _project_index(self: SecondaryIndex, item: Item) -> Item:
    kind = (self.projection or {}).get("ProjectionType")
    if kind not in ("KEYS_ONLY", "INCLUDE"):
        return item
    extra = self.projection.get("NonKeyAttributes", []) if kind == "INCLUDE" else []
    return subset(item, {*self.table_key_attrs, *self.schema_key_attrs, *extra})


def _get_item(
    self: Table, hash_key: DynamoType, range_key: DynamoType | None = None, projection_expression: Any = None
) -> Item | None:
    found = self.items.get(hash_key)
    item: Item | None = found.get(range_key) if isinstance(found, dict) else found
    return item.project(projection_expression) if item is not None and projection_expression else item


def _delete_item(self: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
    old = rows_of(self).remove(hash_key, range_key)
    if old is not None and self.stream_shard is not None:
        self.stream_shard.add(old, None)
    return old


_make_table = Table.__init__
_set_attribute = LimitedSizeDict.__setitem__


def _table(self: Table, *arguments: Any, **options: Any) -> None:
    _make_table(self, *arguments, **options)
    self.items = Partitions()  # type: ignore[assignment]


def total(sign: str, left: DynamoType, right: DynamoType) -> DynamoType:
    """The sum or difference of two numbers as DynamoDB counts it."""
    count = DIGITS.add if sign == "+" else DIGITS.subtract
    result = count(left.cast_value, right.cast_value)
    return DynamoType({"N": f"{result.normalize(DIGITS):f}" if result else "0"})


def _add(self: DynamoType, other: DynamoType) -> DynamoType:
    return total("+", self, other) if self.type == other.type == "N" else _moto_add(self, other)


def _subtract(self: DynamoType, other: DynamoType) -> DynamoType:
    return total("-", self, other) if self.type == other.type == "N" else _moto_subtract(self, other)


_moto_add, _moto_subtract = DynamoType.__add__, DynamoType.__sub__


def _hash(self: DynamoType) -> int:
    return hash(self.value if self.type in ("S", "B") else (self.type, self.cast_value))


def _equal(self: DynamoType, other: DynamoType) -> bool:
    if self.type != other.type:
        return False
    return bool(self.value == other.value) or (
        self.type not in ("S", "B", "BOOL") and bool(self.cast_value == other.cast_value)
    )


def _differ(self: DynamoType, other: DynamoType) -> bool:
    return not _equal(self, other)


def apply() -> None:
    replace(Item, "__init__", _item)
    replace(Item, "size", size)
    replace(Item, "project", _project)
    replace(LimitedSizeDict, "__setitem__", dict.__setitem__)
    replace(SecondaryIndex, "project", _project_index)
    replace(Table, "__init__", _table)
    replace(Table, "get_item", _get_item)
    replace(Table, "delete_item", _delete_item)
    replace(DynamoType, "__add__", _add)
    replace(DynamoType, "__sub__", _subtract)
    replace(DynamoType, "__hash__", _hash)
    replace(DynamoType, "__eq__", _equal)
    replace(DynamoType, "__ne__", _differ)
