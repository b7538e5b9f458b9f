"""What a prompt looks like as contents and configuration."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from penstock.domain.errors import Refused
from penstock.domain.prompts import ImagePrompt, SpeechPrompt
from penstock.providers.gemini import requests
from penstock.providers.gemini.schemas import KNOWN, known
from tests.fake_gemini import MODEL, PAINTER, SPEAKER
from tests.fake_openai import PROMPT

THINKING = MODEL.model_copy(update={"features": ("text", "reasoning")})
PICTURE = ImagePrompt(purpose="image", description="A cat.")
SPEECH = SpeechPrompt(purpose="speech", text="Good morning.")


class Picture(BaseModel):
    alt: str | None = None
    kind: Literal["photo"] = "photo"


class Chapter(BaseModel):
    title: str = Field(max_length=60, pattern="^[^#]")
    default: str
    pictures: list[Picture] = Field([], max_length=3)


@pytest.mark.parametrize(
    ("model", "extra"),
    [(THINKING, {"thinking_config": {"thinking_level": "LOW"}}), (MODEL, {"temperature": 0.5})],
    ids=["thinking", "not thinking"],
)
def test_a_thinking_model_is_asked_for_little_thought_and_given_no_temperature(model: Any, extra: Any) -> None:
    asked = requests.text(model, PROMPT.model_copy(update={"temperature": 0.5}))
    config = {name: value for name, value in asked.config.items() if name not in requests.ONE_CALL}
    assert config == {"max_output_tokens": 300, "system_instruction": "Write.", **extra}
    assert asked.contents == "About forex."


def test_a_prompt_without_a_system_part_has_none() -> None:
    assert "system_instruction" not in requests.text(MODEL, PROMPT.model_copy(update={"system": ""})).config


def test_no_prompt_makes_the_sdk_call_twice() -> None:
    for asked in (requests.text(MODEL, PROMPT), requests.media(PAINTER, PICTURE), requests.media(SPEAKER, SPEECH)):
        assert asked.config["automatic_continuation"] is False
        assert asked.config["automatic_function_calling"] == {"disable": True}


def test_a_search_cannot_fill_a_schema() -> None:
    with pytest.raises(Refused, match="ask for the text first"):
        requests.text(MODEL, PROMPT.model_copy(update={"search": True, "schema_": Chapter}))


@pytest.mark.parametrize(("shape", "ratio"), [("landscape", "3:2"), ("square", "1:1"), ("portrait", "2:3")])
def test_the_shape_of_a_picture_is_a_ratio(shape: Any, ratio: str) -> None:
    asked = requests.media(PAINTER, PICTURE.model_copy(update={"shape": shape}))
    assert asked.config["image_config"] == {"aspect_ratio": ratio}
    assert asked.config["max_output_tokens"] == PAINTER.output_limit


def test_a_model_that_thinks_before_it_draws_is_asked_for_hardly_any_thought() -> None:
    thinking = PAINTER.model_copy(update={"features": ("image", "reasoning")})
    assert requests.media(thinking, PICTURE).config["thinking_config"] == {"thinking_level": "MINIMAL"}
    assert "thinking_config" not in requests.media(PAINTER, PICTURE).config


@pytest.mark.parametrize(("voice", "spoken_by"), [("", requests.VOICE), ("Kore", "Kore")])
def test_speech_always_has_a_voice(voice: str, spoken_by: str) -> None:
    config = requests.media(SPEAKER, SPEECH.model_copy(update={"voice": voice})).config
    assert config["speech_config"] == {"voice_config": {"prebuilt_voice_config": {"voice_name": spoken_by}}}


@pytest.mark.parametrize(
    ("model", "prompt"), [(MODEL, PICTURE), (SPEAKER, PICTURE), (MODEL, SPEECH), (PAINTER, SPEECH)]
)
def test_a_model_is_not_asked_for_what_it_does_not_make(model: Any, prompt: Any) -> None:
    with pytest.raises(Refused) as refused:
        requests.media(model, prompt)
    assert refused.value.reason == "model_unavailable"


def test_a_schema_has_known_keywords_only_and_all_fields_required() -> None:
    schema = known(Chapter)
    picture = schema["$defs"]["Picture"]
    assert schema["required"] == list(schema["properties"]) == ["title", "default", "pictures"]
    assert schema["properties"]["title"] == {"title": "Title", "type": "string"}
    assert schema["properties"]["pictures"]["items"] == {"$ref": "#/$defs/Picture"}
    assert schema["properties"]["pictures"]["maxItems"] == 3
    assert picture["required"] == ["alt", "kind"]
    assert picture["properties"]["kind"]["enum"] == ["photo"]
    assert picture["properties"]["alt"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert keywords(schema) <= KNOWN


def keywords(node: Any, of_fields: bool = False) -> set[str]:
    """All that stand in a schema, fields' names left out."""
    if isinstance(node, list):
        return {name for each in node for name in keywords(each)}
    if not isinstance(node, dict):
        return set()
    below = {name for key, each in node.items() for name in keywords(each, key in ("properties", "$defs"))}
    return below if of_fields else below | set(node)
