"""The calls of every life without faults, and which of them a fault is worth trying at."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.faults.call_sites import Hit, note
from tests.faults.lives import LIVES, Life
from tests.faults.play import Play
from tests.faults.saboteur import Call, Place, Saboteur
from tests.house import House

READS = {"batch_get_item", "get_item", "get_object", "list_objects_v2", "query"}
Way = tuple[str, tuple[tuple[Place, ...], ...]]  # an actor, and the paths of the calls that it made in this turn so far


@dataclass(frozen=True)
class Point:
    """Call number `at` of a life. `first` of its turn: who dies before it has done nothing yet."""

    at: int
    call: Call
    first: bool

    @property
    def writes(self) -> bool:
        return self.call.name not in READS


@dataclass(frozen=True)
class Recording:
    """`points` are all calls of the life, `new` those of them on ways that no life before it goes. `paid` counts the
    calls to the provider by line and step; `hits` are the call sites that were passed."""

    life: Life
    points: Sequence[Point]
    new: frozenset[int]
    paid: Counter[tuple[int, str]]
    hits: frozenset[Hit]

    def __str__(self) -> str:
        lines = [f"{self.life}: {len(self.points)} calls, {len(self.new)} on a way of its own"]
        return "\n".join([*lines, *(f"  {'*' if p.at in self.new else ' '}{p.at:4} {p.call}" for p in self.points)])


def record(houses: Iterator[AbstractContextManager[House]]) -> list[Recording]:
    """Each life in a house of its own."""
    known: set[Way] = set()
    recordings = []
    for life, opened in zip(LIVES, houses, strict=False):
        with opened as house:
            life.prepare(house)
            saboteur = Saboteur(house)
            hits = note(house)
            play = Play(house, saboteur, "recorded")
            life.live(play)
            recordings.append(_recording(play, life, saboteur.past, known, hits))
    return recordings


def _recording(play: Play, life: Life, calls: Sequence[Call], known: set[Way], hits: set[Hit]) -> Recording:
    points, new = [], set()
    so_far: dict[int, tuple[tuple[Place, ...], ...]] = {}
    for at, call in enumerate(calls):
        points.append(Point(at, call, call.turn not in so_far))
        so_far[call.turn] = (*so_far.get(call.turn, ()), call.path)
        way = call.actor, so_far[call.turn]
        if at in play.exposed and way not in known:
            known.add(way)
            new.add(at)
    return Recording(life, points, frozenset(new), Counter(play.paid), frozenset(hits | called(calls)))


def called(calls: Sequence[Call]) -> set[Hit]:
    """The sites where a client or a provider itself was called."""
    return {Hit(*call.path[-1], _asked(call.name)) for call in calls if call.path}


def _asked(name: str) -> str:
    return "get_paginator" if name == "list_objects_v2" else name


def bounded(play: Play, recording: Recording, most: int = 1) -> None:
    """Steps are paid for again as often as without the fault, and `most` times more: 1 where what was in flight when it
    struck can be lost. Which step it is that a life's own mishap meets, the fault may change."""
    again, before = _again(play.paid), _again(recording.paid)
    assert again <= before + most, f"paid again: {play.paid}, else {recording.paid}"


def _again(paid: Counter[tuple[int, str]]) -> int:
    return sum(times - 1 for times in paid.values() if times > 1)
