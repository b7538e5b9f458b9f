"""Whether a text stops before its end."""

import re
import unicodedata
from collections.abc import Sequence

from penstock.kinds.documents.quality.blocks import Block, Parsed
from penstock.kinds.documents.quality.counting import words
from penstock.kinds.documents.quality.faults import Fault

# What a sentence ends with, in the scripts that have such a sign; `;` is the Greek question mark.
_FINAL = ".!?…。！？｡．।॥؟۔։።፧។៕။།‽⁉⁈～♪"
_GREEK_QUESTION = ";\u037e"
# Scripts whose sentences end without any sign.
_UNSIGNED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f]\W*\Z")
# After these there is always more to come.
_UNFINISHED = re.compile(r"[,،、，:：;；(\[{（「『„«‹/&+=–—-]\s*\Z")
# What was opened in the sentence and is closed again is the end of it often enough.
_CLOSED = ")]）】］"
_CLOSERS = "\"'”’»›)]）】』」》〉*_`“‘"
# What holds an emoji together, and shows nothing.
_JOINERS = dict.fromkeys(map(ord, "\u200b\u200d\u200e\u200f\ufe0e\ufe0f"))
_ADDRESS = re.compile(r"(https?://|www\.)\S+\Z|[\w.+-]+@[\w-]+\.\w+\Z|#\w+\Z")
_OPEN_LINK = re.compile(r"!?\[[^\]\n]*(\]\([^)\n]*)?\Z")
_FENCE_END = re.compile(r"\s*(`{3,}|~{3,})\s*\Z")
# An address or a link is looked for within so many characters of the end.
TAIL = 500
# A last line of so few words may be a signature or a wish ("Happy baking"), without a full stop.
SIGNATURE = 6
# Lines of a poem: this short (in characters), and at least so many.
LONGEST_VERSE, FEWEST_VERSES = 60, 3


def fault(text: Parsed) -> Fault | None:
    found = _open_structure(text) or _last_block(text.blocks)
    if not found:
        return None
    end = " ".join(text.markdown.split())[-40:]
    return Fault(
        code="truncated",
        message=f"It breaks off: {found} (…{end}).",
        remedy="Write it to its end: finish the last sentence, list or section, and close with the conclusion.",
    )


def _open_structure(text: Parsed) -> str:
    lines = text.markdown.splitlines()
    for token in text.tokens:
        if token.type == "fence" and token.map:
            first, last = token.map[0], min(token.map[1], len(lines)) - 1
            if last == first or not _FENCE_END.match(lines[last].lstrip("> ")):
                return "a block of code is not closed"
    bottom = lines[-1].strip() if lines else ""
    if bottom.startswith("|") and not bottom.endswith("|") and _in_table(text):
        return "the last row of a table is cut"
    if re.fullmatch(r"([-*+]|\d+[.)])", bottom):
        return "the last point of a list is empty"
    return ""


def _in_table(text: Parsed) -> bool:
    """A table whose other rows end with a bar."""
    rows = [line.strip() for line in text.markdown.splitlines() if line.strip().startswith("|")]
    return len(rows) > 2 and all(row.endswith("|") for row in rows[:-1])


def _last_block(blocks: Sequence[Block]) -> str:
    last = blocks[-1]
    if last.kind == "heading":
        return "nothing follows the last heading"
    if last.kind == "code":
        return ""
    return _open_markup(last) or _last_words(blocks, last)


def _open_markup(last: Block) -> str:
    if _OPEN_LINK.search(last.whole.strip()[-TAIL:]):
        return "a link is not closed"
    if last.kind != "cell" and last.whole.count("**") % 2:
        return "bold text is not closed"
    return ""


def _last_words(blocks: Sequence[Block], last: Block) -> str:
    whole = last.whole.strip()
    if last.kind == "cell" or last.ends_in_link or _ends(whole):
        return ""
    if last.kind == "item" and not _UNFINISHED.search(whole[-TAIL:]):
        return "the last point of a list is not finished" if _others_end(blocks, last) else ""
    if not _UNFINISHED.search(whole[-TAIL:]) and (_is_verse(whole) or words(whole).least <= SIGNATURE):
        return ""
    return "the last sentence is not finished"


def _others_end(blocks: Sequence[Block], last: Block) -> bool:
    """Whether every other point of the list is made of whole sentences."""
    others = [block.whole.strip() for block in blocks if block.list == last.list and block is not last]
    return len(others) > 1 and all(_ends(each) for each in others) and words(last.whole).least > 1


def _ends(text: str) -> bool:
    """With the end of a sentence, an address, an emoji or, where sentences have no sign, anything."""
    shown = text.translate(_JOINERS).rstrip()
    bare = shown.rstrip(_CLOSERS).rstrip()
    if not bare or shown[-1] in _CLOSED or _ADDRESS.search(shown[-TAIL:]):
        return True
    if bare[-1] in _FINAL or unicodedata.category(bare[-1]) in ("So", "Sk"):
        return True
    if bare[-1] in _GREEK_QUESTION and re.search(r"[\u0370-\u03ff]\W*\Z", bare[-TAIL:]):
        return True
    return bool(_UNSIGNED.search(shown[-TAIL:]))


def _is_verse(text: str) -> bool:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) >= FEWEST_VERSES and all(len(line) <= LONGEST_VERSE for line in lines)
