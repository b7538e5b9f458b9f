"""Structured and free calls of kinds that the offline writer does not know."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, create_model

from penstock.domain.errors import Refused
from penstock.domain.prompts import Completion, Prompt
from penstock.providers.offline import OfflineWriter
from tests.desk import MODELS


def ask(schema: type[BaseModel] | None = None, user: str = "Define the word sluice.", **more: Any) -> Completion:
    wish = {"purpose": "define", "system": "You define words.", "user": user, "max_output": 400, **more}
    return OfflineWriter().write(MODELS.models[0], Prompt(schema_=schema, **wish), 60.0)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    name: str
    parts: list["Part"] = Field(default_factory=list)
    parent: Optional["Part"] = None


class Everything(BaseModel):
    title: str = Field(min_length=3, max_length=12)
    padded: str = Field(min_length=500)
    word: Literal["noun", "verb"]
    fixed: Literal["always"]
    colour: Colour
    number: int
    few: int = Field(ge=3, le=5)
    above: int = Field(gt=7)
    even: int = Field(ge=3, multiple_of=4)
    below: int = Field(le=-2)
    share: float = Field(gt=0, lt=1)
    exact: float = Field(ge=0.25, le=0.5)
    yes: bool
    day: date
    moment: datetime
    id: UUID
    maybe: str | None
    either: int | str
    tags: list[str] = Field(min_length=4)
    pair: tuple[int, str]
    counts: dict[str, int]
    part: Part
    parts: Annotated[list[Part], Field(max_length=2)]
    preset: str = "preset"


def test_any_schema_is_filled() -> None:
    filled = Everything.model_validate_json(ask(Everything).text)
    assert (filled.fixed, filled.few, filled.above, filled.even, filled.preset) == ("always", 3, 8, 4, "preset")
    assert len(filled.padded) == 500
    assert len(filled.parts) == 2
    assert filled.part.name


def test_the_same_prompt_gets_the_same_json_another_word_other_json() -> None:
    assert ask(Everything) == ask(Everything)
    assert ask(Everything).text != ask(Everything, user="Define the word weir.").text


def test_a_schema_that_cannot_be_filled_is_refused_with_its_field() -> None:
    shape = create_model("Plate", number=(Annotated[str, Field(pattern=r"^\d{3}-[A-Z]$")], ...))
    with pytest.raises(Refused, match=r"Plate \(number\)"):
        ask(shape)


def test_a_free_prompt_gets_an_answer_that_names_itself() -> None:
    text = ask().text
    assert text.startswith("> **Offline answer.** No AI model was called.")
    assert "Define the word sluice." in text
    assert len(text) > 300
    assert text == ask().text
    assert text != ask(user="Define the word weir.").text


def test_a_free_prompt_is_answered_in_the_language_of_its_facts() -> None:
    assert "Câu trả lời ngoại tuyến" in ask(facts={"language": "vi"}).text


@pytest.mark.parametrize("user", ["", " ", "{full} {keyword} $x %s", "\ud83d\ude00" * 1, "x" * 5_000])
def test_a_free_prompt_may_be_anything(user: str) -> None:
    user = user.encode("utf-16", "surrogatepass").decode("utf-16")
    assert "Offline answer" in ask(user=user).text


def test_an_answer_is_never_longer_than_the_prompt_allows() -> None:
    for most in (1, 20, 60):
        done = ask(max_output=most)
        assert done.usage.output <= most
        assert len(done.text.encode()) <= 4 * most
    assert ask(Everything, max_output=5).usage.output <= 5


def test_tokens_stay_below_the_prompts_ceiling() -> None:
    for user in ("a", "国" * 500, "🚀" * 500, "học " * 500):
        for schema in (None, Everything):
            prompt = Prompt(purpose="p", system="", user=user, max_output=50, schema_=schema)
            done = OfflineWriter().write(MODELS.models[0], prompt, 60.0)
            assert done.usage.tokens <= prompt.most(MODELS.models[0]).tokens
