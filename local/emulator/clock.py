"""The time that the emulator goes by: visibility, delays, deduplication, retention, request tokens, stream records.

The machine's own, unless somebody who owns time (a test) puts another in its place. Waiting, as in a long poll, is
always in real time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_sources: list[Callable[[], float]] = [time.time]


def now() -> float:
    """Seconds since 1970."""
    return _sources[-1]()


@contextmanager
def replaced_by(source: Callable[[], float]) -> Iterator[None]:
    """Within it, `source` is the time."""
    _sources.append(source)
    try:
        yield
    finally:
        _sources.remove(source)
