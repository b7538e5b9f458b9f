"""A process stands still before one of its writes while the world goes on: the moment in which most protocols break."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.domain.writes import Update, Write
from tests.house import House

Fits = Callable[[Update], bool]


def stall(house: House, patch: pytest.MonkeyPatch, fits: Fits, act: Callable[[], object]) -> None:
    """Before the next update that fits, be it alone or part of a transaction, `act` happens."""
    table = house.parts.table
    update, transact = table.update, table.transact

    def go_on() -> None:
        patch.setattr(table, "update", update)
        patch.setattr(table, "transact", transact)
        act()

    def alone(write: Update, *rest: Any) -> Any:
        if fits(write):
            go_on()
        return update(write, *rest)

    def together(writes: list[Write], *rest: Any) -> Any:
        if any(isinstance(write, Update) and fits(write) for write in writes):
            go_on()
        return transact(writes, *rest)

    patch.setattr(table, "update", alone)
    patch.setattr(table, "transact", together)


def advances(write: Update) -> bool:
    """A dispatch that has sent its window."""
    return "cursor" in write.set and "run" not in write.add


def begins_a_run(write: Update) -> bool:
    return "run" in write.add


def ends_the_job(write: Update) -> bool:
    return "completed_at" in write.set and write.set["completed_at"] is not None


def fails_an_item(write: Update) -> bool:
    return write.set.get("status") == "failed" and "reserved_tokens" in write.set


def takes_over(write: Update) -> bool:
    return "fence" in write.set and "reserved_tokens" not in write.set


def releases(write: Update) -> bool:
    return write.set.get("status") in ("queued", "cancelled") and "reserved_tokens" in write.set


def pauses(write: Update) -> bool:
    return write.set.get("status") == "paused"
