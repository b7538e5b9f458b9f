"""An offline article or outline in Markdown, of the wished language, tone, length and outline."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from penstock.providers.offline.composer import Composer, escaped
from penstock.providers.offline.material import LANGUAGES, material, sentences

_DEFAULT_WORDS, _DEFAULT_SECTIONS = (300, 500), 4
_FEWEST_WORDS_A_SECTION = 45
_MARKER = re.compile(r"^\s*(?:#+|[-*+•]|\(?\d+[.)]|[IVX]+\.)\s+")


def outline(composer: Composer, facts: Mapping[str, Any]) -> str:
    """Headings of level two, two or three points under each."""
    stock = material(facts["language"])
    sections = []
    for heading in _headings(composer, facts, []):
        points = [f"- {composer.one_of(stock.points)}" for _ in range(composer.between(2, 3))]
        sections.append("\n".join([f"## {heading}", *points]))
    return "\n\n".join(sections)


def article(composer: Composer, facts: Mapping[str, Any]) -> str:
    """Begins with a line that says it is a sample. Its words lie between the facts' `fewest` and `most`."""
    return "\n\n".join(_Article(composer, facts).blocks())


class _Article:
    def __init__(self, composer: Composer, facts: Mapping[str, Any]) -> None:
        self._composer, self._facts = composer, facts
        self._stock = material(facts["language"])
        self._sentences = sentences(facts["language"], facts.get("tone", ""))
        fewest, most = facts.get("fewest", _DEFAULT_WORDS[0]), facts.get("most", _DEFAULT_WORDS[1])
        # The middle of what was asked for: other ways of counting words find it within the bounds, too.
        self._target = composer.between(fewest + (most - fewest) // 3, fewest + (most - fewest) // 2)
        self._written = 0

    def blocks(self) -> Iterator[str]:
        yield self._count(f"> {self._notice()}")
        yield from self._paragraphs(self._target // 10)
        headings = self._fitting(_headings(self._composer, self._facts, _given(self._facts.get("outline") or "")))
        for place, heading in enumerate(headings):
            yield self._count(f"## {heading}")
            remaining = (self._target - self._written) // (len(headings) - place)
            yield from self._section(self._written + remaining, with_list=place % 3 == 1 or len(headings) == 1)
        yield from self._links()

    def _notice(self) -> str:
        notice = self._stock.notice.format(full=self._composer.keyword)
        if self._facts["language"].partition("-")[0] in LANGUAGES:
            return notice
        language = self._facts.get("languageName") or self._facts["language"]
        return f"{notice} {self._stock.foreign.format(language=language)}"

    def _fitting(self, headings: list[str]) -> list[str]:
        """As many headings as leave words for text under each."""
        kept: list[str] = []
        left = self._target - self._written
        for heading in headings:
            left -= self._composer.words(heading) + _FEWEST_WORDS_A_SECTION
            if kept and left < 0:
                break
            kept.append(heading)
        return kept

    def _section(self, until: int, with_list: bool) -> Iterator[str]:
        if with_list:
            yield from self._paragraphs(_FEWEST_WORDS_A_SECTION // 2)
            yield self._count(self._composer.one_of(self._stock.lists))
            yield "\n".join(self._count(f"- {self._composer.one_of(self._stock.points)}") for _ in range(4))
        yield from self._paragraphs(until - self._written)

    def _paragraphs(self, words: int) -> Iterator[str]:
        until = self._written + words
        while self._written < until:
            paragraph: list[str] = []
            for _ in range(self._composer.between(3, 5)):
                paragraph.append(self._count(self._composer.phrase(self._composer.pick(self._sentences))))
                if self._written >= until:
                    break
            yield " ".join(paragraph)

    def _links(self) -> Iterator[str]:
        links = (self._facts.get("website") or {}).get("internalLinks") or ()
        shown = [f"- <{link}>" for link in links if re.fullmatch(r"https?://[^\s<>]+", link)]
        if shown:
            yield "\n".join(shown[:3])

    def _count(self, block: str) -> str:
        self._written += self._composer.words(block)
        return block


def _given(outline_: str) -> list[str]:
    """The headings of an outline: its lines that begin with #, or, without those, all its lines."""
    lines = [line for line in outline_.splitlines() if line.strip()]
    marked = [line for line in lines if line.lstrip().startswith("#")]
    return [escaped(_MARKER.sub("", line).strip()) for line in marked or lines]


def _headings(composer: Composer, facts: Mapping[str, Any], given: list[str]) -> list[str]:
    if given:
        return given
    stock, number = material(facts["language"]), facts.get("sections", _DEFAULT_SECTIONS)
    return [composer.one_of(stock.headings) for _ in range(number - 1)] + [composer.one_of(stock.closings)]
