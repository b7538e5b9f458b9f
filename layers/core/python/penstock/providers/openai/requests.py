"""What is asked: a prompt as the fields of a chat completion."""

from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from penstock.domain.models import Model
from penstock.domain.prompts import Prompt

VENDOR_HOSTS = ("openai.com", "openai.azure.com")
# Thoughts are billed as output and count within the same limit; every thinking model knows this effort.
EFFORT = "low"


def is_vendor(base_url: str) -> bool:
    """Whether OpenAI's own service answers there. Its thinking models refuse `max_tokens`, which is the only limit that
    Ollama and LM Studio know; those in turn may refuse an effort that their model cannot make."""
    host = urlsplit(base_url).hostname or ""
    return any(host == each or host.endswith(f".{each}") for each in VENDOR_HOSTS)


def fields(model: Model, prompt: Prompt, vendor: bool) -> dict[str, Any]:
    """The body of the request."""
    messages = (("system", prompt.system), ("user", prompt.user))
    asked: dict[str, Any] = {
        "model": model.id,
        "messages": [{"role": role, "content": text} for role, text in messages if text],
        "max_completion_tokens" if vendor else "max_tokens": prompt.max_output,
    }
    if vendor and "reasoning" in model.features:
        asked["reasoning_effort"] = EFFORT  # and no temperature: thinking models refuse one
    elif prompt.temperature is not None:
        asked["temperature"] = prompt.temperature
    if prompt.schema_ is not None:
        asked["response_format"] = {"type": "json_schema", "json_schema": named(prompt.schema_)}
    return asked


def named(shape: type[BaseModel]) -> dict[str, Any]:
    return {"name": shape.__name__, "strict": True, "schema": strict(shape)}


def strict(shape: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `shape` as strict structured output wants it: objects are closed, all their fields required,
    and nothing has a default."""
    closed: dict[str, Any] = _closed(shape.model_json_schema())
    return closed


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _closed(each) for name, each in node.items() if name != "default"}
    if isinstance(properties := node.get("properties"), dict):
        # Fields may have any name, "default" too: they are not keywords of a schema.
        found["properties"] = {name: _closed(each) for name, each in properties.items()}
        found |= {"additionalProperties": False, "required": list(properties)}
    return found
