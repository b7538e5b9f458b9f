"""The stuff that offline sentences are made of: patterns with slots, and what may stand in the slots."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter

from pydantic import BaseModel, ConfigDict

LANGUAGES = ("en", "vi")
DEFAULT = "en"

Piece = tuple[str, str | None]


class Pattern(tuple[Piece, ...]):
    """A sentence in pieces: each a literal text and the slot that follows it (None at the end)."""

    __slots__ = ()

    @classmethod
    def of(cls, text: str) -> "Pattern":
        return cls((literal, slot) for literal, slot, _, _ in Formatter().parse(text))


class Material(BaseModel):
    """One language's file. `tones` are patterns that only a tone uses; `fields` are answers for JSON members by their
    name; `notice` and `answer` tell the reader that no model wrote this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice: str
    answer: str
    foreign: str = ""
    patterns: tuple[str, ...]
    tones: Mapping[str, tuple[str, ...]]
    headings: tuple[str, ...]
    closings: tuple[str, ...]
    lists: tuple[str, ...]
    points: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, tuple[str, ...]]


@cache
def material(language: str) -> Material:
    """Of `language` if it is one of LANGUAGES, whatever its region; else English."""
    base = language.partition("-")[0]
    file = Path(__file__).with_name(f"{base if base in LANGUAGES else DEFAULT}.json")
    return Material.model_validate(json.loads(file.read_text("utf-8")))


@cache
def compiled(texts: tuple[str, ...]) -> Sequence[Pattern]:
    return tuple(map(Pattern.of, texts))


@cache
def sentences(language: str, tone: str) -> Sequence[Pattern]:
    """The patterns of running text: the tone's own and those of all tones by turns, so that it is heard all along."""
    stock = material(language)
    common, own = compiled(stock.patterns), compiled(stock.tones.get(tone, ()))
    paired = [pattern for pair in zip(common, own, strict=False) for pattern in pair]
    return (*paired, *common[len(own) :])
