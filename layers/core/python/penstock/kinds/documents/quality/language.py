"""In which language a text is written, and whether that is the one that was asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import langcodes

from penstock.kinds.documents import languages
from penstock.kinds.documents.quality import scripts
from penstock.kinds.documents.quality.blocks import Block
from penstock.kinds.documents.quality.faults import Fault

if TYPE_CHECKING:
    from gcld3 import NNetLanguageIdentifier

# In letters of an alphabet: less is too little to tell a language by, or a script.
LEAST_TO_DETECT, LEAST_FOR_SCRIPT = 40, 12
# A block speaks another language where the detector is this sure of it, or where so little is in a script of its own.
SURE, OWN_SCRIPT = 0.8, 0.25
# Above this share of its running text an article is written in another language.
FOREIGN = 0.4
# Running text is judged where there is as much of it as of lists, tables and quotations by so many times.
RUNNING_SHARE = 1 / 3
# Of Chinese characters that tell: fewer are too few, and a quotation or a name may be in the other set.
LEAST_TELLING, OTHER_SET = 10, 0.6
# The detector takes these for each other, and so do readers of a line or two.
_KIN = (frozenset({"id", "ms"}), frozenset({"sr", "hr", "bs", "sh", "cnr"}))
_SAME = {"iw": "he", "in": "id", "tl": "fil", "nb": "no", "nn": "no", "ji": "yi", "jw": "jv", "mo": "ro", "cmn": "zh"}
# What the detector knows, by its own names.
_KNOWN = frozenset({
    "af", "am", "ar", "bg", "bn", "bs", "ca", "ceb", "co", "cs", "cy", "da", "de", "el", "en", "eo", "es", "et", "eu",
    "fa", "fi", "fil", "fr", "fy", "ga", "gd", "gl", "gu", "ha", "haw", "hi", "hmn", "hr", "ht", "hu", "hy", "id",
    "ig", "is", "it", "iw", "ja", "jv", "ka", "kk", "km", "kn", "ko", "ku", "ky", "la", "lb", "lo", "lt", "lv", "mg",
    "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "ne", "nl", "no", "ny", "pa", "pl", "ps", "pt", "ro", "ru", "sd",
    "si", "sk", "sl", "sm", "sn", "so", "sq", "sr", "st", "su", "sv", "sw", "ta", "te", "tg", "th", "tr", "uk", "ur",
    "uz", "vi", "xh", "yi", "yo", "zh", "zu",
})  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """A base language (`no`, `he`), or empty where none can be told; how sure, from 0 to 1."""

    language: str
    sure: float


def fault(blocks: Sequence[Block], asked: str) -> Fault | None:
    """None where the text is in the language, or where nobody can tell."""
    return _foreign(blocks, asked) or _other_characters(blocks, asked)


def title_fault(title: str, asked: str, beside: str = "") -> Fault | None:
    """A title is too short for more than a look at its script: a fault is one that has no letter of the language's
    scripts, but for words that are in `beside` (a keyword may be a foreign name)."""
    own = scripts.of_language(asked)
    rest = " ".join(word for word in title.split() if word.casefold() not in beside.casefold())
    found = scripts.weights([rest])
    if not own or sum(found.values()) < LEAST_FOR_SCRIPT or any(found[each] for each in own):
        return None
    return _wrong("The title is in another script", asked)


def _foreign(blocks: Sequence[Block], asked: str) -> Fault | None:
    found: Counter[str] = Counter()
    for text, weight in _judged(blocks):
        found[_spoken(text, asked)] += weight
    own = found.pop("", 0)
    foreign = sum(found.values())
    if not foreign or foreign / (foreign + own) <= FOREIGN:
        return None
    named = found.most_common(1)[0][0]
    share = round(100 * foreign / (foreign + own))
    return _wrong(f"Written in {_name(named)}" + (f" for {share} %" if share < 90 else ""), asked)


def _judged(blocks: Sequence[Block]) -> list[tuple[str, int]]:
    """What speaks for the whole, with its weight. Lists, tables and quotations may well be in another language (an
    article for learners); they count where there is little else."""
    running = _weighed(block for block in blocks if block.kind in ("heading", "paragraph"))
    others = _weighed(block for block in blocks if block.kind not in ("heading", "paragraph"))
    enough = sum(weight for _, weight in running) >= RUNNING_SHARE * sum(weight for _, weight in others)
    judged = running if running and enough else running + others
    long = [(text, weight) for text, weight in judged if weight >= LEAST_TO_DETECT]
    if long or not judged:
        return long
    whole = "\n".join(text for text, _ in judged)
    return [(whole, weight)] if (weight := sum(each for _, each in judged)) >= LEAST_TO_DETECT else []


def _weighed(blocks: Iterable[Block]) -> list[tuple[str, int]]:
    return [(block.text, sum(scripts.weights([block.text]).values())) for block in blocks]


def _spoken(text: str, asked: str) -> str:
    """Empty if it may be the language that was asked for, else the other one (`Cyrl` if only its script is clear)."""
    wished, own, found = _base(asked), scripts.of_language(asked), scripts.weights([text])
    guess = detect(text)
    if own and sum(found[each] for each in own) < OWN_SCRIPT * sum(found.values()):
        return guess.language if guess.sure >= SURE and guess.language != wished else found.most_common(1)[0][0]
    if wished not in _KNOWN_BASES or guess.sure < SURE or not guess.language:
        return ""
    return "" if _alike(guess.language, wished) else guess.language


def _alike(one: str, other: str) -> bool:
    return one == other or any({one, other} <= kin for kin in _KIN)


def detect(text: str) -> Guess:
    result = _detector().FindLanguage(text=text)
    return Guess(_base(result.language), float(result.probability))


@cache
def _detector() -> "NNetLanguageIdentifier":
    import gcld3  # noqa: PLC0415 - only where something is judged

    return gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1_000_000)


@lru_cache(256)
def _base(tag: str) -> str:
    """Without region and script, under one name where several are in use. Empty for no language."""
    base = tag.partition("-")[0].lower()
    return _SAME.get(base, "" if base == "und" else base)


_KNOWN_BASES = frozenset(map(_base, _KNOWN))


def _other_characters(blocks: Sequence[Block], asked: str) -> Fault | None:
    """Simplified Chinese where traditional was asked for by region or script, or the other way round."""
    tag = langcodes.Language.get(asked)
    script = tag.maximize().script
    if script not in ("Hans", "Hant") or not (tag.script or tag.territory):
        return None
    simplified, traditional = scripts.chinese("".join(block.text for block in blocks))
    other, named = (traditional, "traditional") if script == "Hans" else (simplified, "simplified")
    if simplified + traditional < LEAST_TELLING or other <= OTHER_SET * (simplified + traditional):
        return None
    return _wrong(f"Written in {named} Chinese characters", asked)


def _wrong(found: str, asked: str) -> Fault:
    name = languages.name(asked)
    return Fault(
        code="wrong_language",
        message=f"{found}, asked was {_name(asked)}.",
        remedy=f"Write all of it in {name} ({asked}): headings, lists and tables too. Names and quotations may stay.",
    )


def _name(language: str) -> str:
    """In English: `Vietnamese`; of a script that nobody could name a language for, its code in words."""
    if language in scripts.NAMES:
        return f"another script ({scripts.NAMES[language].capitalize()})"
    return languages.name(language).partition(",")[0]
