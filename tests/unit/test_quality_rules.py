"""Single rules of the quality gate, where the labelled set is too coarse."""

import time

import pytest

from penstock.kinds.documents.quality import Wishes, judge, judge_metadata
from penstock.kinds.documents.quality.counting import words
from penstock.kinds.documents.quality.language import detect
from penstock.kinds.documents.quality.scripts import of_language
from penstock.kinds.documents.text import shorten
from tests.desk import good

ANY = Wishes(language=None, fewest=1, most=1_000_000)
# Of 60,000 characters; none may take more than a few times what Markdown's own parser takes.
MOST_SECONDS = 5.0


def codes(text: str, wishes: Wishes = ANY) -> list[str]:
    return [fault.code for fault in judge(text, wishes)]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("A well-known user's guide, 3.14 pages.", 6, 6),
        ("हिन्दी में लिखी हुई किताब", 5, 5),
        ("كِتَابٌ جَدِيدٌ", 2, 2),
        ("Việt Nam đẹp lắm", 4, 4),
        ("外汇交易基础", 3, 6),
        ("GitHubの使い方", 3, 5),
        ("ภาษาไทยง่ายมาก", 2, 4),
        ("", 0, 0),
        ("🚀 — *** ", 0, 0),
    ],
)
def test_words_are_counted_in_every_script(text: str, least: int, most: int) -> None:
    count = words(text)
    assert (count.least, count.most) == (least, most)


@pytest.mark.parametrize(
    ("number", "expected"), [(399, ["too_short"]), (400, []), (500, []), (1_040, []), (1_041, ["too_long"])]
)
def test_a_length_may_be_missed_by_a_fifth_below_and_three_tenths_above(number: int, expected: list[str]) -> None:
    text = "## Words\n\n" + " ".join(f"w{each}" for each in range(number - 1)) + "."
    assert codes(text, Wishes(language=None, fewest=500, most=800)) == expected


def test_a_fault_says_what_was_found_and_what_was_asked() -> None:
    faults = judge("## A\n\nOne two three.", Wishes(language=None, fewest=500, most=800))
    assert [fault.message for fault in faults] == ["It has 4 words; 500 to 800 words were asked for."]
    assert "at least 500 words" in faults[0].remedy


def test_the_gravest_fault_stands_first_and_all_are_named() -> None:
    text = "Sure! Here is the article:\n\nThis is a text about gardens in the spring, and [insert name] wrote all of"
    found = codes(text, Wishes(language="vi", fewest=500, most=800))
    assert found == ["wrong_language", "truncated", "too_short", "remarks", "placeholder"]


def test_what_the_customer_wrote_may_stand_in_the_text_as_often_as_it_likes() -> None:
    keyword = "What is the difference between [insert name] and a template?"
    text = " ".join(f"{keyword} Answer {number} says so." for number in range(6))
    assert codes(text) == ["repeats", "placeholder"]
    assert codes(text, ANY.model_copy(update={"given": keyword})) == []


@pytest.mark.parametrize(
    ("tag", "scripts"),
    [
        ("vi", {"Latn"}),
        ("ja", {"Hani", "Hira", "Kana"}),
        ("zh-TW", {"Hani"}),
        ("sr", {"Cyrl", "Latn"}),
        ("sr-Latn", {"Latn"}),
        ("ko", {"Hang", "Hani"}),
        ("tlh", {"Latn"}),
        ("ii", set()),
    ],
)
def test_a_language_is_written_in_its_scripts(tag: str, scripts: set[str]) -> None:
    assert of_language(tag) == scripts


def test_one_language_has_one_name() -> None:
    hebrew = "זהו משפט בעברית שנכתב כדי לבדוק אם השפה מזוהה נכון או לא."
    norwegian = "Dette er en setning på norsk som skal vise om språket blir kjent igjen eller ikke."
    assert [detect(text).language for text in (hebrew, norwegian)] == ["he", "no"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_the_offline_writers_languages_are_recognised(language: str, length: str) -> None:
    assert codes(good(language, length), Wishes(language=language, fewest=1, most=10_000)) == []
    other = {"vi": "en", "en": "vi"}[language]
    assert codes(good(language, length), Wishes(language=other, fewest=1, most=10_000)) == ["wrong_language"]


def test_metadata_have_limits_that_shortening_keeps() -> None:
    long = "word " * 60
    assert [fault.code for fault in judge_metadata(long, long, long, ANY)] == ["limit"] * 3
    message = judge_metadata("T", long, "", ANY)[0].message
    assert message == "The meta title has 300 characters; 60 is the most."
    assert judge_metadata(shorten(long, 200), shorten(long, 60), shorten(long, 160), ANY) == ()
    assert [fault.code for fault in judge_metadata(" ", "", "", ANY)] == ["empty"]


@pytest.mark.parametrize(
    "piece",
    ["[", "“", "www.", "<b>", "</b>", "{{", "[insert ", "here is the ", "a ", "# a\n", "|x|y|\n", "🚀", "\u200d", "**"],
)
def test_no_text_takes_long_to_judge(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    before = time.process_time()
    judge(text, Wishes(language="en", fewest=2_000, most=3_000))
    assert time.process_time() - before < MOST_SECONDS
