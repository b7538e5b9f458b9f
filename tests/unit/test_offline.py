"""The offline writer: same prompt, same text; different wishes, different text; always a sample for all to see."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.domain.errors import Transient
from penstock.domain.prompts import Completion, Prompt
from penstock.kinds.documents.html import to_html
from penstock.kinds.documents.text import count_words
from penstock.kinds.writing.prompts import WORDS, content_prompt, metadata_prompt, outline_prompt
from penstock.providers.offline import OfflineWriter
from penstock.providers.offline.material import LANGUAGES, material
from tests.desk import MODELS, planned

ROOT = Path(__file__).parents[2]
MODEL = MODELS.models[0]
TONES = ("professional", "casual", "creative")
KEYWORDS = (
    "forex", "forex 1", "forex 2", "Forex 1 cho người mới", "học forex", "học forex cơ bản", "seo", "seo là gì",
    "mua nhà trả góp", "外汇交易基础", "a", "b", "cách nấu phở", "cách nấu phở bò", "python",
)  # fmt: skip
HARD = (
    "C#",
    "1. FC Köln",
    "- minus",
    "# hash",
    "> than",
    "*stars* _lines_ `code`",
    "<b>bold</b>",
    "a|b",
    "x & y",
    "[l](u)",
)


def article(keyword: str, outline: str | None = None, **settings: Any) -> str:
    plan = planned([keyword], settings)
    return answer(content_prompt(plan.inputs[0], plan.settings, outline)).text


def answer(prompt: Prompt) -> Completion:
    return OfflineWriter().write(MODEL, prompt, 60.0)


def sentences(markdown: str) -> set[str]:
    lines = (re.sub(r"^(?:#+|-|>)\s+", "", line.strip()) for line in markdown.splitlines())
    return {part for line in lines for part in re.split(r"(?<=[.!?])\s+", line) if part}


def shared(first: str, second: str) -> float:
    one, two = sentences(first), sentences(second)
    return len(one & two) / min(len(one), len(two))


def masked(keyword: str, text: str) -> str:
    return re.sub(re.escape(keyword), "X", text, flags=re.IGNORECASE)


def test_the_same_prompt_gets_the_same_answer_from_any_writer() -> None:
    plan = planned(["seo"])
    prompt = content_prompt(plan.inputs[0], plan.settings, None)
    assert answer(prompt) == answer(prompt.model_copy())


def test_another_process_writes_the_same() -> None:
    """Guards against chance that comes from the process, such as the order of a set or the address of an object."""
    code = "from tests.unit.test_offline import article; print(ascii(article('seo')))"
    paths = os.pathsep.join(("layers/core/python", "."))
    environment = {"PYTHONPATH": paths, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout.decode().strip() == ascii(article("seo"))


@pytest.mark.parametrize("length", WORDS)
@pytest.mark.parametrize("language", ["vi", "en", "fr", "zh"])
def test_the_length_is_within_its_bounds(language: str, length: str) -> None:
    least, most = WORDS[length]
    for keyword in (*KEYWORDS, "từ khóa " * 25, "x" * 200, "国" * 200, "国 " * 100):
        for tone in TONES:
            text = article(keyword, language=language, length=length, tone=tone)
            assert least <= count_words(text) <= most, keyword
            assert least <= len(text.split()) <= most or "国" in keyword, keyword


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("length", WORDS)
def test_two_keywords_share_under_three_tenths_of_their_sentences(language: str, tone: str, length: str) -> None:
    texts = {keyword: article(keyword, language=language, tone=tone, length=length) for keyword in KEYWORDS}
    for one, two in itertools.combinations(KEYWORDS, 2):
        assert shared(texts[one], texts[two]) < 0.3, (one, two)
        assert shared(masked(one, texts[one]), masked(two, texts[two])) < 0.3, (one, two)


def test_tone_and_language_change_most_sentences() -> None:
    texts = [article("seo", tone=tone, language=language) for tone in TONES for language in ("vi", "en", "fr")]
    for one, two in itertools.combinations(texts, 2):
        assert shared(one, two) < 0.3


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tone", TONES)
def test_a_tone_is_heard_in_many_of_its_sentences(language: str, tone: str) -> None:
    def heard(text: str) -> int:
        return sum(bool(pattern.search(text)) for pattern in patterns)

    literals = [max(re.split(r"\{\w+\}", own), key=len) for own in material(language).tones[tone]]
    patterns = [re.compile(re.escape(literal.strip()), re.IGNORECASE) for literal in literals]
    texts = {other: article("seo", language=language, tone=other) for other in TONES}
    assert heard(texts[tone]) >= len(patterns) - 1
    assert all(heard(text) <= 2 for other, text in texts.items() if other != tone)


def test_vietnamese_is_vietnamese_and_english_is_english() -> None:
    marked = {language: article("seo", language=language) for language in LANGUAGES}
    share = {language: sum(ord(letter) > 127 for letter in text) / len(text) for language, text in marked.items()}
    assert share["vi"] > 0.15
    assert share["en"] < 0.01


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", "Bản mẫu ngoại tuyến"),
        ("vi-VN", "Bản mẫu ngoại tuyến"),
        ("en-GB", "Offline sample"),
        ("fr", "the language asked for was French, Français"),
        ("tlh", "the language asked for was tlh"),
    ],
)
def test_the_first_line_says_what_it_is(language: str, words: str) -> None:
    first = to_html(article("seo", language=language)).partition("</blockquote>")[0]
    assert first.startswith("<blockquote>")
    assert words in first


def test_an_article_has_headings_paragraphs_and_a_list() -> None:
    for length in WORDS:
        html = to_html(article("seo", length=length))
        assert html.count("<h2>") >= 4
        assert html.count("<p>") >= 6
        assert html.count("<li>") >= 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keyword_is_woven_in(language: str) -> None:
    assert article("đầu tư chứng chỉ quỹ", language=language).casefold().count("đầu tư chứng chỉ quỹ") >= 8


@pytest.mark.parametrize("keyword", HARD)
def test_a_keyword_with_signs_of_markdown_stands_as_it_is(keyword: str) -> None:
    html = to_html(article(keyword, language="en"))
    shown = keyword.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert html.casefold().count(shown.casefold()) >= 8
    assert not re.search(r"<(em|code|b|table|ol|a)\b", html)


@pytest.mark.parametrize(
    "outline", ["## One\n- point\n\n## Two\n- point", "1. One\n2) Two", "- One\n* Two", "One\n\nTwo", "### One\n# Two"]
)
def test_an_outline_gives_the_headings(outline: str) -> None:
    html = to_html(article("seo", outline))
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["One", "Two"]


@pytest.mark.parametrize("length", WORDS)
def test_an_outline_longer_than_the_article_is_followed_as_far_as_it_goes(length: str) -> None:
    text = article("seo", "\n".join(f"## Part {number}" for number in range(400)), length=length)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert len(headings) >= 4
    assert headings == [f"Part {number}" for number in range(len(headings))]
    assert WORDS[length][0] <= count_words(text) <= WORDS[length][1]


def test_an_outline_asked_for_has_sections_with_points() -> None:
    plan = planned(["seo"], {"outlineOption": "ai-outline"})
    lines = answer(outline_prompt(plan.inputs[0], plan.settings)).text.splitlines()
    assert sum(line.startswith("## ") for line in lines) == 6
    assert sum(line.startswith("- ") for line in lines) >= 12


def test_a_website_changes_the_text_and_its_pages_are_linked() -> None:
    text = article("seo", websiteId="site-1")
    assert '<a href="https://money.example/budget"' in to_html(text)
    assert shared(text, article("seo")) < 0.3


def test_metadata_name_the_keyword() -> None:
    for language, keyword in itertools.product(LANGUAGES, KEYWORDS):
        plan = planned([keyword], {"language": language})
        text = answer(metadata_prompt(plan.inputs[0], plan.settings, "text")).text
        assert text.casefold().count(keyword.casefold()) >= 3


def test_usage_is_like_a_tokenizers() -> None:
    def output(keyword: str, language: str) -> tuple[float, int]:
        plan = planned([keyword], {"language": language})
        done = answer(content_prompt(plan.inputs[0], plan.settings, None))
        assert done.usage.cost == MODEL.price(done.usage) > 0
        assert (done.usage.calls, done.written_by) == (1, "offline")
        return len(done.text) / done.usage.output, done.usage.input

    (english, asked), (vietnamese, _) = output("seo", "en"), output("seo", "vi")
    assert 3.8 <= english <= 4.1
    assert 2.4 <= vietnamese <= 3.2
    assert 100 < asked < 1_000


def test_latency_is_waited_for_but_never_longer_than_there_is_time() -> None:
    slept: list[float] = []
    plan = planned(["seo"])
    prompt = content_prompt(plan.inputs[0], plan.settings, None)
    slow = OfflineWriter(latency=3.0, sleep=slept.append)
    assert slow.write(MODEL, prompt, 60.0) == answer(prompt)
    with pytest.raises(Transient):
        slow.write(MODEL, prompt, 2.0)
    assert slept == [3.0, 2.0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_files_have_the_same_slots_and_every_slot_is_used(language: str) -> None:
    stock, other = material(language), material("en")
    texts = [*stock.patterns, *stock.headings, *stock.closings, *stock.lists, *stock.points]
    texts += [text for group in (*stock.tones.values(), *stock.fields.values()) for text in group]
    used = {slot for text in texts for slot in re.findall(r"\{(\w+)\}", text)}
    assert used - {"keyword"} == set(stock.slots) == set(other.slots)
    assert set(stock.tones) == set(TONES)
    assert all(len(set(options)) == len(options) for options in stock.slots.values())
