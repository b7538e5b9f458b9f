"""What strikes at a call to AWS or to a provider: the process dies before it, after it, or hangs in it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING, Any

from tests.clock import Crash
from tests.faults.call_sites import PACKAGE
from tests.faults.steps import LONG
from tests.house import House

if TYPE_CHECKING:
    from tests.queues import Delivery

Place = tuple[str, int]  # a file within the package, a line


@dataclass(frozen=True)
class Call:
    """One call as it was seen. `actor` made it, in its turn number `turn`; `path` are the lines of the package that it
    came through, the outermost first."""

    name: str
    actor: str
    turn: int
    path: tuple[Place, ...]

    def __str__(self) -> str:
        places = " > ".join(f"{file}:{line}" for file, line in self.path if not file.startswith("routes/"))
        return f"{self.actor}: {self.name} at {places}"


@dataclass(frozen=True)
class Pending:
    """A call that waits to be made."""

    name: str
    request: Mapping[str, Any]
    make: Callable[..., Any]

    def __call__(self) -> Any:
        return self.make(**self.request)


Fault = Callable[["Saboteur", Pending], Any]


def dies_before(_saboteur: "Saboteur", _call: Callable[[], Any]) -> Any:
    raise Crash


def dies_after(_saboteur: "Saboteur", call: Callable[[], Any]) -> Any:
    """Done, but nobody lives to hear the answer, whatever it is."""
    with suppress(Exception):
        call()
    raise Crash


def hangs(saboteur: "Saboteur", call: Callable[[], Any]) -> Any:
    """Past its lease: the message is delivered to another worker, who settles it. Then the call goes through."""
    saboteur.overtake()
    return call()


def arrives_late(saboteur: "Saboteur", call: Callable[[], Any]) -> Any:
    """As `hangs`, and who made the call is dead by then."""
    saboteur.overtake()
    return dies_after(saboteur, call)


class Saboteur:
    """Stands before every client and the provider; `seen` is each call in order. Number `at` gets the `fault`; where it
    is `lasting`, so do the calls that try the same again in the same turn. `overtake` is what goes on elsewhere while a
    call hangs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.seen: list[Call] = []
        self.past: list[Call] = []
        self.at, self.lasting = -1, False
        self.fault: Fault = dies_before
        self.delivery: Delivery | None = None
        self.overtake: Callable[[], None] = self._redeliver
        self.struck = False
        self._actor, self._turn, self._turns = "", 0, count(1)
        for owner in (house.parts.table, house.parts.queues, house.parts.files):
            client: Any = Tapped(self, owner._client)
            owner._client = client
        write = house.recorder.write
        house.recorder.write = lambda *asked: self.tap(Pending("write", {}, partial(write, *asked)), path_here())
        draw = house.recorder.draw
        house.recorder.draw = lambda *asked: self.tap(Pending("make", {}, partial(draw, *asked)), path_here())

    @property
    def calls(self) -> list[str]:
        return [call.name for call in self.seen]

    @contextmanager
    def turn(self, actor: str) -> Iterator[None]:
        """What is done in it is done by the actor: one event of a function, one request of a user."""
        outer = self._actor, self._turn
        self._actor, self._turn = actor, next(self._turns)
        try:
            yield
        finally:
            self._actor, self._turn = outer

    def tap(self, pending: Pending, path: tuple[Place, ...]) -> Any:
        number, call = len(self.seen), Call(pending.name, self._actor, self._turn, path)
        self.seen.append(call)
        if number == self.at or (self.lasting and -1 < self.at < number and call == self.seen[self.at]):
            self.struck = True
            return self.fault(self, pending)
        return pending()

    def arm(self, at: int, fault: Fault, *, lasting: bool = False) -> None:
        self.seen, self.at, self.fault, self.lasting, self.struck = [], at, fault, lasting, False

    def disarm(self) -> None:
        """No fault any more; what was seen until now is `past`."""
        self.past, self.seen, self.at = self.seen, [], -1

    def _redeliver(self) -> None:
        self.house.clock.advance(LONG)
        if self.delivery:
            self.house.attempt(self.delivery)
        self.house.sweep()


@dataclass
class Tapped:
    saboteur: Saboteur
    client: Any

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name == "get_paginator":
            return lambda operation: Pages(self.saboteur, operation, found(operation))
        if not callable(found):
            return found
        return lambda **request: self.saboteur.tap(Pending(name, request, found), path_here())


@dataclass
class Pages:
    """Each page is a call, as it is asked for."""

    saboteur: Saboteur
    operation: str
    paginator: Any

    def paginate(self, **request: Any) -> Iterator[Any]:
        return self._pages(iter(self.paginator.paginate(**request)), request, path_here())

    def _pages(self, pages: Iterator[Any], request: Any, path: tuple[Place, ...]) -> Iterator[Any]:
        more = True
        while more:
            page = self.saboteur.tap(Pending(self.operation, request, lambda **_: next(pages)), path)
            more = page.get("IsTruncated", False)
            yield page


def path_here() -> tuple[Place, ...]:
    """The lines of the package that are at work, the outermost first."""
    frame: FrameType | None = sys._getframe(2)
    places = []
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(PACKAGE):
            places.append((file[len(PACKAGE) + 1 :], frame.f_lineno))
        frame = frame.f_back
    return tuple(reversed(places))
