"""One user's groups of a real queue, and its dead letters: read and changed from behind."""

from local.emulator.backlog import Backlog, Entry
from penstock.domain.message import ItemMessage
from tests.house import House
from tests.queues import Queues, _remove


class Groups:
    def __init__(self, house: House, user: str, lanes: int) -> None:
        urls = house.queues.urls["normal"], house.queues.dead_urls["normal"]
        self._queue, self._letters = (Queues._queue(url) for url in urls)
        self._held, self._dead = (house.queues._backlog(url) for url in urls)
        self.names = [user] if lanes == 1 else [f"{user}#{lane}" for lane in range(lanes)]

    def lane(self, number: int) -> list[Entry]:
        return _entries(self._held, self.names[number])

    def letters(self) -> list[Entry]:
        return [entry for name in self.names for entry in _entries(self._dead, name)]

    def remove(self, entry: Entry) -> None:
        _remove(self._queue, entry)

    def remove_letter(self, entry: Entry) -> None:
        _remove(self._letters, entry)

    def bury(self, entry: Entry) -> None:
        Queues._admit(self._letters, entry)
        self.remove(entry)

    def send_again(self, letter: Entry) -> None:
        Queues._admit(self._queue, letter)
        self.remove_letter(letter)

    def forget(self) -> None:
        """The dedup ids of what was sent."""
        for key in [key for key in self._held.sent if key[0] in self.names]:
            del self._held.sent[key]


def message_of(entry: Entry) -> ItemMessage:
    return ItemMessage.decode(entry.message.body)


def _entries(backlog: Backlog, group: str) -> list[Entry]:
    found = backlog.groups.get(group)
    return [backlog.entries[order] for order in sorted([*found.waiting, *found.in_flight])] if found else []
