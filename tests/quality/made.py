"""Samples made of the prose by rule, where the label does not depend on what is said: every language, every fault."""

import re
from collections.abc import Iterator

from penstock.kinds.documents.quality import Wishes
from tests.quality.samples import PROSE, Sample, prose

_GREETING = "Sure! Here is the article you asked for:"
_PICTURE = "[Insert a picture here]"
_UNSPACED = ("ja", "zh-CN", "zh-TW", "th")
# Asked for by a tag of the same language, or by one that readers take for it: nothing to find, or known not to be.
_SAME = ({"pt-BR", "pt-PT"}, {"zh-CN", "zh-TW"})
LATIN = ("ca", "cs", "da", "de", "en", "es", "fi", "fil", "fr", "hu", "id", "it", "ms", "nb", "nl", "pl", "ro", "sv")


def made() -> list[Sample]:
    texts = prose()
    return [*_lengths(texts), *_languages(texts), *(each for tag, text in texts.items() for each in _faulty(tag, text))]


def _sample(name: str, text: str, wishes: Wishes, *expected: str) -> Sample:
    return Sample(name, text, wishes, frozenset(expected))


def _faulty(tag: str, text: str) -> Iterator[Sample]:
    wishes = Wishes(language=tag, fewest=PROSE[0], most=PROSE[1])
    many = Wishes(language=tag, fewest=PROSE[0], most=4 * PROSE[1])
    body, last = text.rsplit("\n\n", 1)
    yield _sample(f"cut-{tag}", f"{body}\n\n{_cut(tag, last)}", wishes, "truncated")
    yield _sample(f"open-code-{tag}", f"{text}\n\n```python\nprint(1)", wishes, "truncated")
    yield _sample(f"bare-heading-{tag}", f"{text}\n\n{text.splitlines()[0]}", wishes, "truncated")
    yield _sample(f"twice-{tag}", f"{text}\n\n{last}", many, "repeats")
    yield _sample(f"greeting-{tag}", f"{_GREETING}\n\n{text}", many, "remarks")
    yield _sample(f"picture-{tag}", f"{body}\n\n{_PICTURE}\n\n{last}", many, "placeholder")
    yield _sample(f"division-{tag}", f"<div>\n\n{text}", wishes, "broken_html")
    yield _sample(f"short-{tag}", text, Wishes(language=tag, fewest=400, most=500), "too_short")
    yield _sample(f"long-{tag}", text, Wishes(language=tag, fewest=20, most=40), "too_long")


def _cut(tag: str, paragraph: str) -> str:
    """In the middle of its last sentence but one, or of what comes nearest: after a word that ends with a letter."""
    end = int(len(paragraph) * 0.6)
    if tag in _UNSPACED:
        while not paragraph[end - 1].isalpha():
            end -= 1
        return paragraph[:end]
    words = paragraph[:end].rsplit(" ", 1)[0].split(" ")
    while not words[-1][-1].isalpha() or words[-1][-1] in "।":
        words.pop()
    return " ".join(words)


def _lengths(texts: dict[str, str]) -> Iterator[Sample]:
    """Long texts of pieces in several languages, which are not asked about: some 2,000 words."""
    pieces = [texts[tag] for tag in LATIN]
    whole, headless = "\n\n".join(pieces), "\n\n".join(re.sub(r"^#.*\n+", "", each) for each in pieces)
    for fewest, most, expected in (
        (1_000, 1_200, ("too_long",)),
        (1_500, 1_600, ()),
        (1_800, 2_200, ()),
        (2_000, 3_000, ()),
        (2_300, 3_000, ()),
        (2_700, 3_500, ("too_short",)),
        (4_000, 5_000, ("too_short",)),
    ):
        wishes = Wishes(language=None, fewest=fewest, most=most)
        yield _sample(f"of-{fewest}-to-{most}", whole, wishes, *expected)
        yield _sample(f"headless-of-{fewest}-to-{most}", headless, wishes, "no_headings", *expected)


def _languages(texts: dict[str, str]) -> Iterator[Sample]:
    """Each piece, asked for in each other language."""
    for tag, text in texts.items():
        for asked in texts:
            if asked != tag and not any({asked, tag} == same for same in _SAME):
                wishes = Wishes(language=asked, fewest=60, most=200)
                yield _sample(f"{tag}-for-{asked}", text, wishes, "wrong_language")
