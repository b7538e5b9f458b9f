"""Counts what may have changed the emulator's state, so that an unchanged state is not written again."""

from collections.abc import Callable
from typing import Any

READS = ("BatchGet", "Describe", "Get", "Head", "List", "Query", "ReceiveMessage", "Scan", "TransactGet")

_count = 0


def mark() -> None:
    """Something may have changed; called after the change, so that a snapshot taken meanwhile is taken again."""
    global _count  # noqa: PLW0603  # one emulator per process, one count
    _count += 1


def count() -> int:
    return _count


def watched(method: Callable[..., Any]) -> Callable[..., Any]:
    """A handler's `call_action`, marking every action that is not a read."""

    def call(self: Any) -> Any:
        try:
            return method(self)
        finally:
            if not str(self._get_action()).startswith(READS):
                mark()

    return call
