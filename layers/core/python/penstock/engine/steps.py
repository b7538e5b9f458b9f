"""The stored steps of an item that a worker holds."""

from typing import TYPE_CHECKING

from penstock.domain.message import ItemMessage
from penstock.domain.work import StoredStep

if TYPE_CHECKING:
    from penstock.store.files import Files


class Steps:
    """The stored steps of one item and stage. Where nobody had the item before there are none, and none is looked
    for, until one turns out to be there all the same: this worker has then outlived its lease, and another one is
    at it."""

    def __init__(self, files: "Files", message: ItemMessage, untouched: bool) -> None:
        self._files, self._untouched = files, untouched
        self._place = message.job_id, message.index, message.shelf

    def load(self, name: str) -> StoredStep | None:
        return None if self._untouched else self._files.load_step(*self._place, name)

    def keep(self, name: str, step: StoredStep) -> StoredStep:
        kept = self._files.keep_step(*self._place, name, step)
        self._untouched = self._untouched and kept is step
        return kept
