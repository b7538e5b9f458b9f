"""Items as bytes: made once, for an item does not change, and read back only when its attributes are asked for."""

from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local.emulator import pickled
from local.emulator.items import attributes, new_item
from local.emulator.patching import add

Raw = tuple[str, Any]  # a DynamoDB value: its type and its content


def raw(value: DynamoType) -> Raw:
    content = value.value
    if value.type == "L":
        content = [raw(part) for part in content]
    elif value.type == "M":
        content = {name: raw(part) for name, part in content.items()}
    return value.type, content


def typed(plain: Raw) -> DynamoType:
    value: DynamoType = DynamoType.__new__(DynamoType)
    value.type, content = plain
    if value.type == "L":
        content = [typed(part) for part in content]
    elif value.type == "M":
        content = {name: typed(part) for name, part in content.items()}
    value.value = content
    return value


Keys = tuple[Raw, Raw | None]
FrozenItem = tuple[Keys, bytes]


def freeze_item(item: Item | None) -> FrozenItem | None:
    """The item's keys, and its attributes as bytes that are kept with it: it does not change."""
    if item is None:
        return None
    frozen: bytes | None = item.__dict__.get("frozen")
    if frozen is None:
        frozen = pickled.dump({name: raw(value) for name, value in item.attrs.items()})
        item.__dict__["frozen"] = frozen
    return (raw(item.hash_key), raw(item.range_key) if item.range_key else None), frozen


def thaw_item(frozen: FrozenItem | None) -> Item | None:
    if frozen is None:
        return None
    (hash_key, range_key), values = frozen
    item = new_item(typed(hash_key), typed(range_key) if range_key else None)
    item.__dict__["frozen"] = values
    return item


def thaw_attributes(item: Item, name: str) -> Any:
    """What an item that came back does when its attributes are asked for: the first time only."""
    if name != "attrs" or "frozen" not in item.__dict__:
        raise AttributeError(name)
    values = pickled.load(item.__dict__["frozen"])
    item.attrs = attributes({name: typed(value) for name, value in values.items()})
    return item.attrs


def apply() -> None:
    add(Item, "__getattr__", thaw_attributes)
