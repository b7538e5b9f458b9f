"""What a prompt looks like on the wire, by who is asked."""

from typing import Any

import pytest
from pydantic import BaseModel

from penstock.providers.openai.requests import fields, is_vendor, strict
from tests.fake_openai import MODEL, PROMPT

THINKING = MODEL.model_copy(update={"features": ("text", "reasoning")})


class Picture(BaseModel):
    alt: str = "none"


class Chapter(BaseModel):
    title: str
    default: str
    pictures: list[Picture] = []


@pytest.mark.parametrize(
    ("url", "vendor"),
    [
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://ours.openai.azure.com/openai/v1", True),
        ("http://127.0.0.1:11434/v1", False),
        ("https://notopenai.com/v1", False),
        ("https://gateway.example/openai.com/v1", False),
    ],
)
def test_the_vendor_is_known_by_its_host(url: str, vendor: bool) -> None:
    assert is_vendor(url) is vendor


@pytest.mark.parametrize(
    ("model", "vendor", "limits"),
    [
        (THINKING, True, {"max_completion_tokens": 300, "reasoning_effort": "low"}),
        (MODEL, True, {"max_completion_tokens": 300, "temperature": 0.5}),
        (THINKING, False, {"max_tokens": 300, "temperature": 0.5}),
        (MODEL, False, {"max_tokens": 300, "temperature": 0.5}),
    ],
)
def test_the_limit_goes_by_the_name_that_the_server_knows(model: Any, vendor: bool, limits: dict[str, Any]) -> None:
    asked = fields(model, PROMPT.model_copy(update={"temperature": 0.5}), vendor)
    assert {name: value for name, value in asked.items() if name not in ("model", "messages")} == limits


def test_a_prompt_without_a_system_part_has_one_message() -> None:
    asked = fields(MODEL, PROMPT.model_copy(update={"system": ""}), vendor=True)
    assert asked["messages"] == [{"role": "user", "content": "About forex."}]


def test_a_strict_shape_is_closed_complete_and_without_defaults() -> None:
    schema = strict(Chapter)
    picture = schema["$defs"]["Picture"]
    assert (schema["required"], schema["additionalProperties"]) == (["title", "default", "pictures"], False)
    assert (picture["required"], picture["additionalProperties"]) == (["alt"], False)
    assert set(schema["properties"]) == {"title", "default", "pictures"}
    assert "default" not in schema["properties"]["pictures"]
    assert "default" not in picture["properties"]["alt"]
