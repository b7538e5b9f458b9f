"""The mark that OpenAI puts on every address it cites, and the request for a search."""

import pytest

from penstock.providers.openai.searching import fields, unmarked
from tests.fake_openai import MODEL, PROMPT


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("https://a.example/?utm_source=openai", "https://a.example/"),
        ("https://a.example/?q=1&utm_source=openai", "https://a.example/?q=1"),
        ("https://a.example/?utm_source=openai&q=1", "https://a.example/?q=1"),
        ("https://a.example/?p=1&utm_source=openai&q=1", "https://a.example/?p=1&q=1"),
        ("https://a.example/?utm_source=openai#part", "https://a.example/#part"),
        ("See [A](https://a.example/?utm_source=openai). Then", "See [A](https://a.example/). Then"),
        ("See https://a.example/?utm_source=openai.", "See https://a.example/."),
        ("https://a.example/?utm_source=openai.com", "https://a.example/?utm_source=openai.com"),
        ("https://a.example/?utm_source=openai_blog", "https://a.example/?utm_source=openai_blog"),
        ("The parameter utm_source=openai is a mark.", "The parameter utm_source=openai is a mark."),
    ],
)
def test_the_mark_goes_and_the_rest_stays(text: str, without: str) -> None:
    assert unmarked(text) == without


def test_a_model_that_does_not_think_gets_its_temperature() -> None:
    asked = fields(MODEL, PROMPT.model_copy(update={"temperature": 0.5, "system": ""}))
    assert asked["temperature"] == 0.5
    assert not {"reasoning", "instructions", "text"} & set(asked)
