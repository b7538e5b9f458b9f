"""What a validator finds, in the client's own words."""

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field, ValidationError

from penstock.domain.kind import Closed
from penstock.routes.fields import MOST_SHOWN, invalid


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


class Line(Closed):
    keyword: str
    web_site: str | None = None


class Settings(Closed):
    max_images: int = Field(5, ge=0, le=10)
    even: Annotated[int, AfterValidator(_even)] = 0


class Body(Closed):
    lines: list[str | Line] | str
    settings: Settings = Field(default_factory=lambda: Settings.model_validate({}))
    name: str | None = Field(None, max_length=3)


def found(body: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate(body)
    return {error.field: error.message for error in invalid(caught.value, body).errors}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "lines", "is required."),
        ({"lines": []} | {"nmae": 1}, "nmae", "not known"),
        ({"lines": [], "settings": {"maxImages": -1}}, "settings.maxImages", "must be greater than or equal to 0."),
        ({"lines": [], "settings": {"max_images": 11}}, "settings.max_images", "must be less than or equal to 10."),
        ({"lines": [], "settings": {"even": 3}}, "settings.even", "must be even."),
        ({"lines": [], "settings": 3}, "settings", "must be"),
        ({"lines": [], "settings": None}, "settings", "must be"),
        ({"lines": [], "name": "long"}, "name", "must have at most 3 characters."),
        ({"lines": 7}, "lines", "must be a valid list or must be a valid string."),
        ({"lines": ["a", "b", {"keyword": 1}]}, "lines[2].keyword", "must be a valid string."),
        ({"lines": ["a", {}]}, "lines[1].keyword", "is required."),
        ({"lines": [{"keyword": "a", "website": "b"}]}, "lines[0].website", "not known"),
        ([], "body", "must be"),
        ("text", "body", "must be"),
    ],
)
def test_the_field_is_named_as_it_was_sent(body: Any, field: str, words: str) -> None:
    errors = found(body)
    assert field in errors, errors
    assert words in errors[field]


def test_all_faults_are_told_together() -> None:
    errors = found({"lines": [], "settings": {"maxImages": 99, "colour": "red"}, "name": "long"})
    assert set(errors) == {"settings.maxImages", "settings.colour", "name"}


def test_a_thousand_faults_are_counted_not_listed() -> None:
    errors = found({"lines": [1] * 1_000})
    assert len(errors) == MOST_SHOWN + 1
    assert "981 further" in errors["body"]  # 1,000 lines, and that it is no text either
