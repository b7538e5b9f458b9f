"""Whether a text says the same over and over, as models do that have lost their way."""

import re
from collections import Counter
from collections.abc import Sequence

from penstock.kinds.documents.quality.blocks import Block
from penstock.kinds.documents.quality.counting import without_marks
from penstock.kinds.documents.quality.faults import Fault

# In characters without blanks and signs: what is shorter may come again (a refrain, a heading of each section).
LONG_PARAGRAPH, LONG_SENTENCE = 80, 25
# So often may a long sentence stand in a text, and such a share of the text may have stood in it before.
OFTEN, REPEATED_SHARE = 3, 0.15
# The same one to eight words again and again, this many words on end.
LONGEST_PHRASE, SPINNING = 8, 40
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n")
_SIGNS = re.compile(r"[\W_]+")


def fault(blocks: Sequence[Block], given: str = "") -> Fault | None:
    """The lines of `given` (a keyword, a title) may come as often as they like."""
    texts = [_without(given, block.text) for block in blocks if block.kind in ("paragraph", "item", "quote")]
    found = _paragraph(texts) or _sentence(texts) or _phrase(texts)
    if not found:
        return None
    return Fault(
        code="repeats",
        message=f"It repeats itself: {found}.",
        remedy="Say everything once. Put something new in the place of what is repeated, or leave it out.",
    )


def _without(given: str, text: str) -> str:
    for line in filter(None, given.splitlines()):
        text = re.sub(re.escape(line), "", text, flags=re.IGNORECASE)
    return text


def _paragraph(texts: Sequence[str]) -> str:
    counts = Counter(bare for text in texts if len(bare := _bare(text)) >= LONG_PARAGRAPH)
    most = max(counts.values(), default=0)
    return f"the same paragraph stands in it {most} times" if most > 1 else ""


def _sentence(texts: Sequence[str]) -> str:
    sentences = [bare for text in texts for each in _SENTENCE_END.split(text) if (bare := _bare(each))]
    counts = Counter(each for each in sentences if len(each) >= LONG_SENTENCE)
    most = max(counts.values(), default=0)
    if most > OFTEN:
        return f"the same sentence stands in it {most} times"
    again = sum(len(each) * (number - 1) for each, number in counts.items())
    share = again / max(1, sum(map(len, sentences)))
    return f"{share:.0%} of it are sentences that stood in it before" if share > REPEATED_SHARE else ""


def _phrase(texts: Sequence[str]) -> str:
    for text in texts:
        words = without_marks(text).casefold().split()
        for length in range(1, LONGEST_PHRASE + 1):
            if _longest_run(words, length) >= SPINNING:
                return f"“{' '.join(words[:length])[:60]}” stands again and again in one paragraph"
    return ""


def _longest_run(words: Sequence[str], length: int) -> int:
    longest = run = 0
    for one, other in zip(words, words[length:], strict=False):
        run = run + 1 if one == other else 0
        longest = max(longest, run)
    return longest


def _bare(text: str) -> str:
    return _SIGNS.sub("", without_marks(text)).casefold()
