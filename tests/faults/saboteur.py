"""What strikes at a call to AWS or to a provider: the process dies before it, after it, or hangs in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.faults.steps import LONG
from tests.house import Crash, House

if TYPE_CHECKING:
    from tests.queues import Delivery

Fault = Callable[["Saboteur", Callable[[], Any]], Any]


def dies_before(_saboteur: "Saboteur", _call: Callable[[], Any]) -> Any:
    raise Crash


def dies_after(_saboteur: "Saboteur", call: Callable[[], Any]) -> Any:
    """Done, but nobody lives to hear it."""
    call()
    raise Crash


def hangs(saboteur: "Saboteur", call: Callable[[], Any]) -> Any:
    """Past its lease: the message is delivered to another worker, who settles it. Then the call goes through."""
    saboteur.overtake()
    return call()


class Saboteur:
    """Stands before every client and the provider; `calls` names each call in order. Number `at` gets the `fault`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.calls: list[str] = []
        self.at = -1
        self.fault: Fault = dies_before
        self.delivery: Delivery | None = None
        for owner in (house.parts.table, house.parts.queues, house.parts.files):
            client: Any = Tapped(self, owner._client)
            owner._client = client
        write = house.recorder.write
        house.recorder.write = lambda *asked: self.tap("write", lambda: write(*asked))

    def tap(self, name: str, call: Callable[[], Any]) -> Any:
        self.calls.append(name)
        if len(self.calls) - 1 != self.at:
            return call()
        return self.fault(self, call)

    def overtake(self) -> None:
        self.house.clock.advance(LONG)
        if self.delivery:
            self.house.attempt(self.delivery)
        self.house.sweep()

    def arm(self, at: int, fault: Fault) -> None:
        self.calls, self.at, self.fault = [], at, fault


@dataclass
class Tapped:
    saboteur: Saboteur
    client: Any

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name == "get_paginator":
            return lambda operation: Tapped(self.saboteur, found(operation))
        if not callable(found):
            return found
        return lambda **request: self.saboteur.tap(name, lambda: found(**request))
