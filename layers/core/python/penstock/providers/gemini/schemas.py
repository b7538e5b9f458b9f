"""A shape as the JSON schema that Gemini takes."""

from typing import Any

from pydantic import BaseModel

# What `responseJsonSchema` knows; some of the rest is ignored and some refused, by model.
KNOWN = frozenset(
    {"$defs", "$ref", "additionalProperties", "anyOf", "description", "enum", "format", "items", "maximum", "maxItems"}
    | {"minimum", "minItems", "oneOf", "prefixItems", "properties", "required", "title", "type"}
)


def known(shape: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `shape`, all fields of its objects required, without the keywords that Gemini does not know:
    what they say is left to whoever reads the answer."""
    schema: dict[str, Any] = _known(shape.model_json_schema())
    return schema


def _known(node: Any) -> Any:
    if isinstance(node, list):
        return [_known(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _known(each) for name, each in node.items() if name in KNOWN}
    if "const" in node:
        found["enum"] = [node["const"]]
    for named in ("properties", "$defs"):
        if isinstance(inner := node.get(named), dict):
            # Their names are anyone's, "default" too: not keywords of a schema.
            found[named] = {name: _known(each) for name, each in inner.items()}
    if "properties" in found:
        found["required"] = list(found["properties"])
    return found
