"""Lines made clean, cut and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kinds.documents.text import count_words, many_lines, one_line, shorten

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  a \t b\r\n c ", "a b c"),
        ("ho\u0323c", "học"),
        ("a\u00a0b", "a b"),
        ("\u200b\ufeff", ""),
        (FAMILY, FAMILY),
        ("", ""),
    ],
)
def test_one_line(typed: str, clean: str) -> None:
    assert one_line(typed) == clean


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x7f", "\x9f", "\ud800"])
def test_control_characters_are_refused_by_their_number(bad: str) -> None:
    for clean in (one_line, many_lines):
        with pytest.raises(ValueError, match=f"U\\+{ord(bad):04X}"):
            clean(f"a{bad}b")


def test_many_lines() -> None:
    assert many_lines("\r\n## A  \r\n\t- b\r\n\n") == "## A\n\t- b"


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one, two", 7, "one…"),
        ("onetwothree", 6, "onetw…"),
        ("国" * 10, 5, "国国国国…"),
        (" a \n b ", 9, "a b"),
    ],
)
def test_shorten(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(st.text(), st.integers(2, 50))
def test_what_is_shortened_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("## Học *forex* cơ bản", 4),
        ("it's well-known: 1,000.5 words", 4),
        ("外汇 trading", 3),
        ("- a\n- b", 2),
        ("***", 0),
    ],
)
def test_count_words(text: str, words: int) -> None:
    assert count_words(text) == words
