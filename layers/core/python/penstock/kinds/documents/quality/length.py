"""Whether a text is about as long as it was asked to be."""

from collections.abc import Sequence

from penstock.kinds.documents.quality.blocks import Block
from penstock.kinds.documents.quality.counting import words
from penstock.kinds.documents.quality.faults import Fault, Wishes

# Models cannot count: they miss a length by a fifth without meaning to. A text a third too long is still all there.
LEAST_SHARE, MOST_SHARE = 0.8, 1.3


def fault(blocks: Sequence[Block], wishes: Wishes) -> Fault | None:
    count = words("\n".join(block.whole for block in blocks))
    asked = f"{wishes.fewest:,} to {wishes.most:,} words were asked for"
    if count.most < LEAST_SHARE * wishes.fewest:
        return Fault(
            code="too_short",
            message=f"It has {count} words; {asked}.",
            remedy=f"Make it longer, by more substance and not by repetition: at least {wishes.fewest:,} words.",
        )
    if count.least > MOST_SHARE * wishes.most:
        return Fault(
            code="too_long",
            message=f"It has {count} words; {asked}.",
            remedy=f"Make it shorter: at most {wishes.most:,} words. Keep every section and the conclusion.",
        )
    return None
