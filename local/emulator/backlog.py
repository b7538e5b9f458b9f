"""The messages of one queue: waiting, in flight, and what was sent in the last five minutes.

A group is the unit of order. While one of its messages is in flight, the others wait; a standard queue is one in which
every message is a group of its own. All times are seconds since the epoch. The caller holds the SQS lock, and waits for
`news` on it: one waiter is woken for every group that may be delivered from, all when a time to wait for changed.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from threading import Condition
from typing import Any

from moto.sqs.models import Message

from local.emulator import changes, clock
from local.emulator.locks import SQS

DEDUPLICATION_SECONDS = 300.0
LONGEST_POLL = 20.0


@dataclass(slots=True)
class Entry:
    """A message in the queue. `order` is its place; `receipt` names its latest receive, and is 0 before the first."""

    order: int
    group: str | int
    message: Message
    available: float = 0.0  # not before this time: a delay, or the end of its visibility timeout
    receipt: int = 0
    in_flight: bool = False


@dataclass(slots=True)
class Group:
    waiting: list[int] = field(default_factory=list)  # orders, ascending
    in_flight: set[int] = field(default_factory=set)


class Backlog:
    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.groups: dict[str | int, Group] = {}
        self.sent: dict[Any, tuple[float, str, str]] = {}  # dedup key → when, message id, sequence number; oldest first
        self.news = Condition(SQS)
        self._count = 0  # of orders and receipts given out
        self._ready: list[tuple[int, str | int]] = []  # heap of (first order, group); may hold stale entries
        self._due: list[tuple[float, int]] = []  # heap of (available, order); may hold stale entries

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "news"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, news=Condition(SQS))

    def _number(self) -> int:
        self._count += 1
        return self._count

    def original(self, key: Any, message: Message) -> tuple[str, str] | None:
        """The id and sequence number under which this was sent in the last five minutes; else remembers it."""
        now = clock.now()
        while self.sent and self.sent[first := next(iter(self.sent))][0] <= now - DEDUPLICATION_SECONDS:
            del self.sent[first]
        if key in self.sent:
            return self.sent[key][1:]
        self.sent[key] = (now, message.id, str(message.sequence_number))
        return None

    def add(self, message: Message, group: str | None) -> None:
        order = self._number()
        entry = Entry(order, group if group is not None else order, message, message.delayed_until / 1000)
        self.entries[order] = entry
        self.groups.setdefault(entry.group, Group()).waiting.append(order)
        self._offer(entry.group)

    def take(self, count: int, visibility: float, refuse: Callable[[Entry], bool]) -> list[Entry]:
        """Up to `count` messages, now in flight for `visibility` seconds: the group with the oldest one first.

        `refuse` may take a message out of the queue instead (too old, or received too often).
        """
        taken: list[Entry] = []
        self.wake()
        again: list[str | int] = []
        while self._ready and len(taken) < count:
            order, name = heappop(self._ready)
            group = self.groups.get(name)
            if group is None or group.in_flight or not group.waiting or group.waiting[0] != order:
                continue
            self._take_from(group, count, visibility, refuse, taken)
            if not group.in_flight:
                again.append(name)
        for name in again:
            self._offer(name)
        if taken:
            changes.mark()
        return taken

    def _take_from(
        self, group: Group, count: int, visibility: float, refuse: Callable[[Entry], bool], taken: list[Entry]
    ) -> None:
        now = clock.now()
        while group.waiting and len(taken) < count:
            entry = self.entries[group.waiting[0]]
            if entry.available > now:
                return
            if refuse(entry):
                self.remove(entry)
                changes.mark()
                continue
            del group.waiting[0]
            entry.receipt, entry.available = self._number(), now + visibility
            entry.in_flight = True
            group.in_flight.add(entry.order)
            self._schedule(entry)
            taken.append(entry)
            if visibility <= 0:
                self._land(entry)
                return

    def wake(self) -> None:
        """Messages whose time has come wait again."""
        now = clock.now()
        while self._due and self._due[0][0] <= now:
            available, order = heappop(self._due)
            entry = self.entries.get(order)
            if entry is not None and entry.available == available:
                self._land(entry)
                self._offer(entry.group)

    def due(self) -> float | None:
        """When the next message becomes available by itself."""
        return self._due[0][0] if self._due else None

    def show_again(self, entry: Entry, seconds: float) -> None:
        """The message stays hidden for `seconds` from now on."""
        entry.available = clock.now() + seconds
        if seconds <= 0:
            self._land(entry)
            self._offer(entry.group)
        else:
            self._schedule(entry)

    def remove(self, entry: Entry) -> None:
        del self.entries[entry.order]
        group = self.groups[entry.group]
        group.in_flight.discard(entry.order)
        place = bisect_left(group.waiting, entry.order)
        if place < len(group.waiting) and group.waiting[place] == entry.order:
            del group.waiting[place]
        if not group.waiting and not group.in_flight:
            del self.groups[entry.group]
        else:
            self._offer(entry.group)

    def _land(self, entry: Entry) -> None:
        if entry.in_flight:
            group = self.groups[entry.group]
            group.in_flight.discard(entry.order)
            insort(group.waiting, entry.order)
            entry.in_flight = False

    def _offer(self, name: str | int) -> None:
        """The group may be delivered from, now or when its first message is due."""
        group = self.groups.get(name)
        if group is None or group.in_flight or not group.waiting:
            return
        entry = self.entries[group.waiting[0]]
        if entry.available > clock.now():
            self._schedule(entry)
        else:
            heappush(self._ready, (entry.order, name))
            self.news.notify()

    def _schedule(self, entry: Entry) -> None:
        heappush(self._due, (entry.available, entry.order))
        if entry.available < clock.now() + LONGEST_POLL:
            self.news.notify_all()
