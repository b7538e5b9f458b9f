"""A Query touches the items it returns, and pages as DynamoDB does.

What AWS does: a Query starts at its key and reads at most Limit items; having read Limit items it names the last one,
even where no more follow (the next page is then empty); the filter comes after the limit.
What moto 5.2.5 does: it sorts the whole table, names no last key when the page ends exactly with the partition, and
counts an index's page by the full items rather than by what the index holds.
Why Penstock needs it: jobs of 10,000 items in tables of 100,000; a loop that pages wrongly must not look right here.
Not corrected (moto's own way): QueryFilter, indexes with several hash or range keys, tables without a range key.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, GlobalSecondaryIndex, SecondaryIndex, Table

from local.emulator.items import size
from local.emulator.patching import replace
from local.emulator.rows import Entry, Key, SortedRows, plain, rows_of

NONE = SortedRows()
Found = tuple[list[Item], int, dict[str, Any] | None]  # the items, how many were evaluated, and the last key


def _names(index: SecondaryIndex, kind: str) -> list[str]:
    return [part["AttributeName"] for part in index.schema if part["KeyType"] == kind]


def _entry_of(table: Table, index: SecondaryIndex) -> Any:
    """Where an item stands in this index: its hash value, then range value and table keys; None if it is not in it."""
    types = {part["AttributeName"]: part["AttributeType"] for part in table.attr}
    hash_name, *_ = _names(index, "HASH")
    names = [hash_name, *_names(index, "RANGE"), *table.table_key_attrs]

    def entry(item: Item) -> Entry | None:
        values: list[DynamoType] = [item.attrs[name] for name in names if name in item.attrs]
        if [value.type for value in values] != [types[name] for name in names]:
            return None
        first, *rest = (plain(value) for value in values)
        return first, tuple(rest)

    return entry


def _index(table: Table, name: str, consistent: bool) -> SecondaryIndex:
    found = {index.name: index for index in table.all_indexes()}
    if name not in found:
        raise MockValidationException(f"The table does not have the specified index: {name}")
    if consistent and isinstance(found[name], GlobalSecondaryIndex):
        raise MockValidationException("Consistent reads are not supported on global secondary indexes")
    return found[name]


def _bounds(order: list[Key], comparison: str | None, values: list[DynamoType]) -> tuple[int, int]:
    """From where to where the sort-key condition holds."""
    low, high = 0, len(order)
    if comparison is None:
        return low, high
    first = plain(values[0])
    if comparison.upper() == "BEGINS_WITH":
        low = bisect_left(order, first, key=_head)
        return low, bisect_left(order, 1, low, key=lambda key: int(not key[0].startswith(first)))
    if comparison in ("=", "EQ", ">=", "GE") or comparison.upper() == "BETWEEN":
        low = bisect_left(order, first, key=_head)
    elif comparison in (">", "GT"):
        low = bisect_right(order, first, key=_head)
    if comparison in ("=", "EQ", "<=", "LE"):
        high = bisect_right(order, first, key=_head)
    elif comparison in ("<", "LT"):
        high = bisect_left(order, first, key=_head)
    elif comparison.upper() == "BETWEEN":
        high = bisect_right(order, plain(values[1]), key=_head)
    return low, high


def _head(key: Key) -> Any:
    return key[0]


def _start(names: list[str], start: dict[str, Any]) -> Key:
    if any(name not in start for name in names):
        raise MockValidationException("The provided starting key is invalid")
    return tuple(plain(DynamoType(start[name])) for name in names)


def _positions(rows: SortedRows, low: int, high: int, start: Key | None, forward: bool) -> range:
    if forward:
        return range(max(low, bisect_right(rows.order, start)) if start is not None else low, high)
    return range((min(high, bisect_left(rows.order, start)) if start is not None else high) - 1, low - 1, -1)


def _page(rows: SortedRows, positions: range, limit: int | None, show: Any) -> tuple[list[Item], Item | None]:
    """The items to evaluate, as the index shows them, and the last one if the page stopped at the limit or at 1 MB."""
    page: list[Item] = []
    last, total = None, 0
    for position in positions:
        item = rows.rows[rows.order[position]]
        shown = show(item)
        total += size(shown)
        if page and total > RESULT_SIZE_LIMIT:
            return page, last
        page.append(shown)
        last = item
        if len(page) == limit:
            return page, last
    return page, None


_moto_query: Callable[..., Found] = Table.query


def _query(  # noqa: PLR0913  # moto's signature
    self: Table,
    hash_key: DynamoType | None,
    range_comparison: str | None,
    range_objs: list[DynamoType],
    limit: int,
    exclusive_start_key: dict[str, Any],
    scan_index_forward: bool,
    projection_expressions: list[list[str]] | None,
    index_name: str | None = None,
    consistent_read: bool = False,
    filter_expression: Any = None,
    **more: Any,
) -> Found:
    index = _index(self, index_name, consistent_read) if index_name else None
    typed = {name: more.pop(name, None) for name in ("hash_key_conditions", "range_key_conditions")}
    if more or hash_key is None or not _simple(self, index):
        arguments: tuple[Any, ...] = (hash_key, range_comparison, range_objs, limit, exclusive_start_key)
        rest = (scan_index_forward, projection_expressions, index_name, consistent_read, filter_expression)
        return _moto_query(self, *arguments, *rest, **typed, **more)
    rows, names = _rows(self, index, hash_key)
    low, high = _bounds(rows.order, range_comparison, range_objs)
    start = _start(names, exclusive_start_key) if exclusive_start_key else None
    positions = _positions(rows, low, high, start, scan_index_forward)
    page, last = _page(rows, positions, limit, index.project if index else lambda item: item)
    kept = [item for item in page if filter_expression is None or filter_expression.expr(item)]
    if projection_expressions:
        kept = [item.project(projection_expressions) for item in kept]
    return kept, len(page), self._get_last_evaluated_key(last, index_name) if last is not None else None


def _simple(table: Table, index: SecondaryIndex | None) -> bool:
    if index is None:
        return table.has_range_key
    return len(_names(index, "HASH")) == 1 and len(_names(index, "RANGE")) <= 1


def _rows(table: Table, index: SecondaryIndex | None, hash_key: DynamoType) -> tuple[SortedRows, list[str]]:
    """The rows of the one partition asked for, and the names of the attributes that make up their keys."""
    if index is None:
        partition = rows_of(table).get(hash_key)
        return (partition.sorted() if partition is not None else NONE), [str(table.range_key_attr)]
    kept = rows_of(table).index(index.name, _entry_of(table, index))
    return kept.groups.get(plain(hash_key), NONE), [*_names(index, "RANGE"), *table.table_key_attrs]


_moto_update_indexes = DynamoDBBackend.update_table_global_indexes


def _update_indexes(self: DynamoDBBackend, table: Table, global_index_updates: list[dict[str, Any]]) -> None:
    _moto_update_indexes(self, table, global_index_updates)
    rows_of(table).indexes.clear()


def apply() -> None:
    replace(Table, "query", _query)
    replace(DynamoDBBackend, "update_table_global_indexes", _update_indexes)
