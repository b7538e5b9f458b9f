"""Whether a text may be called done: pure functions of the text and of what was wished."""

from penstock.kinds.documents.quality.faults import Fault, Wishes
from penstock.kinds.documents.quality.judging import judge, judge_metadata

__all__ = ["Fault", "Wishes", "judge", "judge_metadata"]
