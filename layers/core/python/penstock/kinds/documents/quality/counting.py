"""How many words a text has, in any script."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Written without spaces. There nobody agrees what a word is: it is counted twice, as those who count much and as those
# who count little do. Characters a word, as few and as many: a Chinese or Japanese word is one character to people who
# pay by it, and about 1.7 to a dictionary; a Thai, Lao, Khmer or Burmese one has three to five letters.
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_LETTERS = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff"
_PER_WORD = {"ideographs": (1.0, 1.7), "letters": (3.0, 5.0)}

_IDEOGRAPH, _LETTER = re.compile(f"[{_IDEOGRAPHS}]"), re.compile(rf"(?=\w)[{_LETTERS}]")
_UNSPACED = _IDEOGRAPHS + _LETTERS
_WORD = re.compile(rf"[^\W_{_UNSPACED}]+(?:['\u2019\-.,][^\W_{_UNSPACED}]+)*")


@dataclass(frozen=True)
class Count:
    """Between `least` and `most` words; one number for scripts with spaces."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.most:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"


def words(text: str) -> Count:
    bare = without_marks(text)
    spaced = len(_WORD.findall(bare))
    found = {"ideographs": len(_IDEOGRAPH.findall(bare)), "letters": len(_LETTER.findall(bare))}
    least = spaced + sum(int(number / _PER_WORD[name][1]) for name, number in found.items())
    most = spaced + sum(int(number / _PER_WORD[name][0]) for name, number in found.items())
    return Count(least, most)


def without_marks(text: str) -> str:
    """Without vowel signs and accents that stand alone: they belong to the letter before and are no letters by
    themselves, though they would part a word."""
    return text.translate({ord(mark): None for mark in set(text) if _is_mark(mark)})


@lru_cache(4_096)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
