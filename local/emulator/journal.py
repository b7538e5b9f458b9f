"""What changed in a large mapping since the last snapshot, so that a snapshot costs what changed, not what there is."""

from collections.abc import Callable, Iterable
from typing import Any

from local.emulator.bodies import Bodies, Place

SLACK = 1_000  # entries of older states that are not worth writing the mapping anew
MOST_BLOBS = 400  # to read at a start


class Journal:
    """The mapping's history on disk: blobs of entries, to be replayed in order; `changed` collects the next one."""

    def __init__(self) -> None:
        self.changed: dict[Any, Any] = {}
        self.places: list[Place] = []
        self.entries = 0

    def forget(self) -> None:
        """The next snapshot writes everything: what is on disk is of no use, or not known to be there."""
        self.places, self.entries = [], 0

    def capture(self, size: int, everything: Callable[[], Iterable[tuple[Any, Any]]], file: str) -> list[Any]:
        """The entries to write, taken under the locks: the changes, or everything where that is shorter in the end."""
        stale = not self.places or self.places[0].file != file or len(self.places) >= MOST_BLOBS
        if stale or self.entries + len(self.changed) > 2 * size + SLACK:
            self.forget()
            captured = list(everything())
        else:
            captured = list(self.changed.items())
        self.changed = {}
        return captured

    def write(self, blob: bytes, entries: int, bodies: Bodies) -> list[Place]:
        """Appends what was captured; returns all the places to replay."""
        if entries or not self.places:
            self.places += bodies.append([blob])
            self.entries += entries
        return list(self.places)

    def restored(self, places: list[Place], entries: int) -> None:
        self.changed, self.places, self.entries = {}, list(places), entries
