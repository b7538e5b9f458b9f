"""Compiles the domain's conditions and writes into DynamoDB's expressions. Every name and value is a placeholder, so no
attribute name can clash with a reserved word."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from penstock.domain.conditions import Absent, All, Any_, Compare, Condition, OneOf, Present
from penstock.domain.writes import Check, Delete, Put, Update, Write
from penstock.store import keys

_serialize = TypeSerializer().serialize


class _Deserializer(TypeDeserializer):
    """Our numbers are all whole: counters, times, tokens, micro-dollars."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


_deserialize = _Deserializer().deserialize


def encode(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of None are left out: an absent attribute is how the table says None."""
    return {name: _serialize(value) for name, value in fields.items() if value is not None}


def decode(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in image.items()}


class Expression:
    """Collects placeholders for one request."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = _serialize(value)
        return placeholder

    def condition(self, condition: Condition) -> str:
        match condition:
            case Compare(attribute, operator, value):
                return f"{self.name(attribute)} {operator} {self.value(value)}"
            case OneOf(attribute, values):
                return f"{self.name(attribute)} IN ({', '.join(map(self.value, values))})"
            case Present(attribute):
                return f"attribute_exists({self.name(attribute)})"
            case Absent(attribute):
                return f"attribute_not_exists({self.name(attribute)})"
            case All(parts):
                return " AND ".join(map(self._part, parts))
            case Any_(parts):
                return " OR ".join(map(self._part, parts))
        raise TypeError(f"{type(condition).__name__} has no expression")

    def _part(self, part: Condition) -> str:
        """In parentheses only where it needs them: the table refuses redundant ones."""
        while isinstance(part, All | Any_) and len(part.parts) == 1:
            part = part.parts[0]
        text = self.condition(part)
        return f"({text})" if isinstance(part, All | Any_) else text

    def update(self, update: Update) -> str:
        """None in `set` removes the attribute, as in `encode`."""
        fields = keys.index_fields(update.ref, update.set)
        gone = [name for name, value in fields.items() if value is None]
        sets = [f"{self.name(name)} = {self.value(value)}" for name, value in fields.items() if value is not None]
        sets += [f"{self.name(n)} = if_not_exists({self.name(n)}, {self.value(v)})" for n, v in update.first.items()]
        adds = [f"{self.name(name)} {self.value(value)}" for name, value in update.add.items()]
        removes = [self.name(name) for name in (*update.remove, *gone)]
        parts = (("SET", sets), ("ADD", adds), ("REMOVE", removes))
        return " ".join(f"{verb} {', '.join(terms)}" for verb, terms in parts if terms)

    @property
    def placeholders(self) -> dict[str, Any]:
        request: dict[str, Any] = {}
        if self._names:
            request["ExpressionAttributeNames"] = {placeholder: name for name, placeholder in self._names.items()}
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request


def compile_write(write: Write, table: str) -> tuple[str, dict[str, Any]]:
    """The operation's name in a transaction, and its request. Asks for the old image where the condition fails."""
    expression = Expression()
    request: dict[str, Any] = {"TableName": table}
    if isinstance(write, Put):
        request["Item"] = encode({**keys.key(write.ref), **keys.index_fields(write.ref, write.fields)})
    else:
        request["Key"] = encode(keys.key(write.ref))
    if isinstance(write, Update):
        request["UpdateExpression"] = expression.update(write)
    if write.when:
        request["ConditionExpression"] = expression.condition(write.when)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    name = {Put: "Put", Update: "Update", Check: "ConditionCheck", Delete: "Delete"}[type(write)]
    return name, request | expression.placeholders
