"""What became of a record, as the table's stream tells it."""

from dataclasses import dataclass

from penstock.domain.item import Item
from penstock.domain.job import Job


@dataclass(frozen=True)
class JobChanged:
    """From the oldest image of the batch to its newest: what lies between does not matter to who looks at the record
    anyway. `sequence` is of the first record."""

    sequence: str
    before: Job | None
    after: Job | None


@dataclass(frozen=True)
class ItemChanged:
    sequence: str
    after: Item


@dataclass(frozen=True)
class Unreadable:
    """A record that does not say what it should. Whoever follows it raises `error`; the others are followed."""

    sequence: str
    error: Exception


Change = JobChanged | ItemChanged | Unreadable
