"""Whether the HTML is well-formed and the text has the parts that a reader finds their way by."""

from penstock.kinds.documents.quality.blocks import Parsed
from penstock.kinds.documents.quality.counting import words
from penstock.kinds.documents.quality.faults import Fault

SHOWN = 3
# A text of fewer words needs no headings.
LEAST_FOR_HEADINGS = 300


def tags_fault(text: Parsed) -> Fault | None:
    """What the sanitiser would close, or throw away, by guessing: a name in angle brackets is a tag, and is lost."""
    if not text.unmatched:
        return None
    tags = ", ".join(sorted(set(text.unmatched))[:SHOWN])
    return Fault(
        code="broken_html",
        message=f"Its HTML is not well-formed: {tags} has no counterpart.",
        remedy="Use Markdown and no HTML tags. Put code, and anything else in angle brackets, between backticks.",
    )


def headings_fault(text: Parsed) -> Fault | None:
    if any(block.kind == "heading" for block in text.blocks):
        return None
    if words("\n".join(block.whole for block in text.blocks)).least < LEAST_FOR_HEADINGS:
        return None
    return Fault(
        code="no_headings",
        message="It has no headings.",
        remedy="Divide it into sections, each under a heading of level two (##).",
    )
