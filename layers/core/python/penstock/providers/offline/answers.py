"""JSON of any pydantic model's shape, filled without a model: structured calls of every kind get a valid answer."""

from collections.abc import Callable, Mapping
from functools import cache
from math import ceil, inf
from typing import Any

from pydantic import BaseModel

from penstock.providers.offline.composer import Composer
from penstock.providers.offline.material import Material

_DEEPEST, _USUAL_ITEMS = 6, 3
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "sample@example.com",
    "uri": "https://example.com/sample",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

Schema = Mapping[str, Any]


@cache
def schema_of(shape: type[BaseModel]) -> Schema:
    return shape.model_json_schema()


class Answer:
    """Fills a JSON schema: texts from the sentences (from `fields` by the member's name), the least of all else."""

    def __init__(self, composer: Composer, stock: Material, schema: Schema) -> None:
        self._composer, self._stock, self._schema = composer, stock, schema
        self._by_type: Mapping[str, Callable[[Schema, str, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._text,
            "integer": _number,
            "number": _number,
            "boolean": lambda *_: False,
        }

    def value(self) -> Any:
        return self._fill(self._schema, "", 0)

    def _fill(self, schema: Schema, name: str, depth: int) -> Any:
        schema = self._resolved(schema, depth)
        for fixed in ("const", "default"):
            if fixed in schema:
                return schema[fixed]
        if "enum" in schema:
            return self._composer.pick(schema["enum"])
        fill = self._by_type.get(schema.get("type", ""))
        return fill(schema, name, depth) if fill else None

    def _resolved(self, schema: Schema, depth: int) -> Schema:
        """Without references; of several possibilities the first that is not null, or null where it nests deeply."""
        while True:
            if "$ref" in schema:
                schema = self._schema["$defs"][schema["$ref"].rpartition("/")[2]]
            elif options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
                nulls = [option for option in options if option.get("type") == "null"]
                others = [option for option in options if option.get("type") != "null"]
                schema = nulls[0] if nulls and (depth >= _DEEPEST or not others) else others[0]
            else:
                return schema

    def _object(self, schema: Schema, _name: str, depth: int) -> dict[str, Any]:
        members: Schema = schema.get("properties", {})
        needed = schema.get("required", ()) if depth >= _DEEPEST else members
        return {name: self._fill(member, name, depth + 1) for name, member in members.items() if name in needed}

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        items = schema.get("prefixItems")
        if items is not None:
            return [self._fill(item, name, depth + 1) for item in items]
        least = schema.get("minItems", 0)
        usual = max(least, _USUAL_ITEMS)
        number = least if depth >= _DEEPEST else min(usual, schema.get("maxItems", usual))
        return [self._fill(schema.get("items", {}), name, depth + 1) for _ in range(number)]

    def _text(self, schema: Schema, name: str, _depth: int) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text = self._composer.one_of(self._stock.fields.get(name) or self._stock.points)
        text = text.replace("**", "").replace("\\", "")
        text = text.ljust(schema.get("minLength", 0), ".")
        return text[: schema.get("maxLength", len(text))]


def _number(schema: Schema, _name: str, _depth: int) -> int | float:
    """The least number of the schema, 0 or above where that is possible."""
    whole, step = schema["type"] == "integer", schema.get("multipleOf", 1)
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most = schema.get("maximum", schema.get("exclusiveMaximum", inf))
    start = max(bound for bound in (least, above, -inf if most < 0 else 0) if bound is not None)
    if start == -inf:
        start = most - step
    value = ceil(start / step) * step
    if above is not None and value <= above:
        value += step
    if not whole and value >= most > start:
        value = (start + most) / 2
    return int(value) if whole else float(value)
