"""Composes phrases from patterns, driven by nothing but a seed."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import gcd
from random import Random
from typing import TypeVar

from penstock.providers.offline.material import Pattern, compiled, material

T = TypeVar("T")

_LONGEST_MENTION, _LONGEST_WIDE_MENTION = 40, 16
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&])")
_LINE_START = re.compile(r"^([-+#=]|\d+[.)])")
# Of scripts written without spaces every character counts as a word.
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(rf"{_WIDE.pattern}|[^\W{_WIDE.pattern[1:]}+")


class Composer:
    """Same seed and arguments, same phrases. Every list is walked in a stride of its own before anything repeats."""

    def __init__(self, seed: str, language: str, keyword: str) -> None:
        self._slots: Mapping[str, tuple[str, ...]] = material(language).slots
        self._random = Random(int.from_bytes(sha256(seed.encode(errors="surrogatepass")).digest()))
        self._walks: dict[int, tuple[int, int]] = {}
        self.keyword = escaped(keyword)
        self._mention = escaped(_cut(keyword))
        self._wide = _WIDE.search(keyword) is not None

    def between(self, least: int, most: int) -> int:
        return least + int(self._random.random() * (most - least + 1))

    def pick(self, options: Sequence[T]) -> T:
        """The next of `options` on their walk."""
        number = len(options)
        position, stride = self._walks.get(id(options)) or self._start(number)
        self._walks[id(options)] = (position + stride) % number, stride
        return options[position]

    def _start(self, number: int) -> tuple[int, int]:
        start, stride = self.between(0, number - 1), self.between(1, number)
        while gcd(stride, number) > 1:
            stride += 1
        return start, stride

    def phrase(self, pattern: Pattern) -> str:
        """The pattern filled, its first letter large."""
        parts: list[str] = []
        for literal, slot in pattern:
            parts.append(literal)
            if slot is not None:
                parts.append(self._fill(slot))
        text = "".join(parts)
        first = 2 if text.startswith("**") else 0
        return text[:first] + text[first : first + 1].upper() + text[first + 1 :]

    def _fill(self, slot: str) -> str:
        if slot == "keyword":
            return self._mention
        return self.pick(self._slots[slot]).replace("{keyword}", self._mention)

    def one_of(self, texts: tuple[str, ...]) -> str:
        return self.phrase(self.pick(compiled(texts)))

    def words(self, text: str) -> int:
        """Words of a phrase, as a reader counts them."""
        return len(_WORD.findall(text)) if self._wide else text.count(" ") + 1


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, also at the beginning of a line."""
    return _LINE_START.sub(lambda match: match[1][:-1] + "\\" + match[1][-1], _MARKDOWN.sub(r"\\\1", text))


def _cut(keyword: str) -> str:
    most = _LONGEST_WIDE_MENTION if _WIDE.search(keyword) else _LONGEST_MENTION
    if len(keyword) <= most:
        return keyword
    head = keyword[:most]
    return (head.rpartition(" ")[0] or head) + "…"
