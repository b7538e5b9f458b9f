"""What an assistant says to whoever asked it, and what it left for others to fill in: neither is part of an article."""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from penstock.kinds.documents.quality.blocks import Block
from penstock.kinds.documents.quality.faults import Fault

# A text with this many different brackets is about templates, and they are meant.
TEMPLATES = 3
_BRACKETS = re.compile(r"[\[【［]([^\[\]【】］\n]{2,80})[\]】］](?!\()|\{\{([^{}\n]{1,60})\}\}|<<([^<>\n]{1,60})>>")
_DUMMY = re.compile(r"\blorem ipsum\b|\bTODO:|\bTBD\b", re.IGNORECASE)
_QUOTED = re.compile(
    r"“[^”]{0,500}”|\"[^\"]{0,500}\"|«[^»]{0,500}»|„[^“”]{0,500}[“”]|「[^」]{0,500}」|『[^』]{0,500}』|‘[^’]{20,500}’"
)
SHOWN = 60


def remarks_fault(blocks: Sequence[Block]) -> Fault | None:
    """Looks at the first and the last blocks, and for what an assistant says of itself at the beginning of any
    sentence. What is quoted is not looked at."""
    patterns = _patterns()
    ends = [(blocks[:1], patterns["first"]), (blocks[-2:], patterns["last"]), (blocks, patterns["anywhere"])]
    for where, pattern in ends:
        for block in where:
            if block.kind not in ("code", "quote") and (found := pattern.search(_QUOTED.sub("", block.text).strip())):
                return Fault(
                    code="remarks",
                    message=f"It has a remark of the model in it: “{found[0].strip()[:SHOWN]}”.",
                    remedy="Write the article alone: no greeting, no remark about it or about yourself, no offer.",
                )
    return None


def placeholder_fault(blocks: Sequence[Block], given: str = "") -> Fault | None:
    """Not in code and quotations, where templates are shown, and not what was `given` by whoever wanted the text."""
    text = "\n".join(block.text for block in blocks if block.kind not in ("code", "quote"))
    left = next((each for each in _left_open(text) if _plain(each) not in _plain(given)), None)
    if left is None:
        return None
    return Fault(
        code="placeholder",
        message=f"Something was left to fill in: “{left[:SHOWN]}”.",
        remedy="Leave no placeholder: write what belongs there, or a sentence that does without it.",
    )


def _plain(text: str) -> str:
    """Without Markdown's escapes."""
    return text.replace("\\", "").casefold()


def _left_open(text: str) -> list[str]:
    dummies = [match[0] for match in _DUMMY.finditer(text)]
    brackets = {match[0]: next(filter(None, match.groups())) for match in _BRACKETS.finditer(text)}
    if len(brackets) >= TEMPLATES:
        return dummies
    order, owned = _patterns()["order"], _patterns()["owned"]
    return dummies + [
        shown for shown, inside in brackets.items() if shown[0] in "{<" or order.search(inside) or owned.search(inside)
    ]


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """One pattern of all languages for each place."""
    stored: dict[str, list[str]] = json.loads(Path(__file__).with_name("remarks.json").read_text("utf-8"))
    return {place: re.compile("|".join(f"(?:{each})" for each in all), re.IGNORECASE) for place, all in stored.items()}
