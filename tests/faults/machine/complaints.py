"""The product's own log: an error in it fails a test that did not provoke it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from penstock import wiring

PROVOKED = {
    "a bug in the work of an item",
    "usage above the reservation",
    "a message could not be returned",
    "a breaker opened",
}


class Complaints(logging.Handler):
    """Errors of the product that only its log tells of, for something always tries again."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() not in PROVOKED:
            self.heard.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


@contextmanager
def overheard(context: Any) -> Iterator[Complaints]:
    """`context` is a function's: its first invocation sets up the log."""
    complaints, loggers = Complaints(), [logging.getLogger(wiring.observe(context).name), logging.getLogger("penstock")]
    for logger in loggers:
        logger.addHandler(complaints)
    try:
        yield complaints
    finally:
        for logger in loggers:
            logger.removeHandler(complaints)
