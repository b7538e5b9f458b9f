"""The pages that a model read, as readers see them."""

import json
from pathlib import Path

import pytest

from penstock.domain.prompts import Source
from penstock.kinds.documents import languages, sources
from penstock.kinds.documents.html import to_html


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "/relative", "", "https://", "http://[::1", "a@b"],
)
def test_what_is_no_web_page_is_left_out(url: str) -> None:
    assert sources.kept([Source(url=url, title="x")]) == []


def test_a_page_is_listed_once_and_the_first_title_stays() -> None:
    found = [Source(url="https://a.example", title="One"), Source(url=" https://a.example ", title="Two")]
    assert sources.kept(found) == [{"url": "https://a.example", "title": "One"}]


def test_a_page_without_a_title_is_called_by_its_host() -> None:
    assert sources.kept([Source(url="https://a.example/b?c=1")])[0]["title"] == "a.example"


def test_only_so_many_and_so_long() -> None:
    many = [Source(url=f"https://a.example/{number}", title="word " * 100) for number in range(30)]
    kept = sources.kept([Source(url=f"https://a.example/{'x' * 2_000}"), *many])
    assert len(kept) == 20
    assert all(len(page["title"]) <= 200 for page in kept)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/a b", "https://a.example/a%20b"),
        ("https://a.example/a%20b", "https://a.example/a%20b"),
        ("https://a.example/(a)?b=<c>&d=e", "https://a.example/%28a%29?b=%3Cc%3E&amp;d=e"),
        ("https://vi.example/học", "https://vi.example/h%E1%BB%8Dc"),
    ],
)
def test_an_address_stays_whole_in_its_link(url: str, shown: str) -> None:
    made = to_html(sources.as_markdown(sources.kept([Source(url=url, title="]*a* <b>")]), "en"))
    assert f'<a href="{shown}" rel="noopener noreferrer">]*a* &lt;b&gt;</a>' in made


def test_no_sources_no_heading() -> None:
    assert sources.as_markdown([], "en") == ""


def test_every_language_that_has_a_name_has_a_heading_too() -> None:
    file = Path(languages.__file__).with_name("languages.json")
    tags = json.loads(file.read_text("utf-8"))
    same = {tag for tag in tags if sources.heading(tag) == "Sources"}
    assert same == {"en", "en-GB", "en-US", "fr"}
    assert sources.heading("pt-BR") == "Fontes"
    assert sources.heading("tlh") == "Sources"
