"""In which order the calls of several actors follow one another: all orders, one after the other.

Two orders that differ only in calls which do not clash (`footprints`) come to the same. Of those one is run: where two
calls clashed, the other way round is tried as well (source sets, after Abdulla and others), and what was tried is not
tried again (sleep sets, after Godefroid).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from tests.faults.footprints import EVERYTHING, Footprint, clash


@dataclass(frozen=True)
class Step:
    """The call that an actor is stopped before."""

    name: str
    touches: Footprint = EVERYTHING


Waiting = Mapping[str, Step]


class Redundant(Exception):
    """What follows was seen in another order of calls that do not clash."""


@dataclass
class Choice:
    """Who waited, who went. `wanted` are to go here in some order, `tried` went in earlier ones; who is `asleep` need
    not: what it leads to was seen. `before` are the earlier choices that this one's call had to follow."""

    waiting: Waiting
    asleep: frozenset[str]
    chosen: str
    wanted: set[str]
    tried: set[str] = field(default_factory=set)
    before: frozenset[int] = frozenset()
    switches: int = 0

    @property
    def step(self) -> Step:
        return self.waiting[self.chosen]


class Orders:
    """All orders, depth first. With `switches`, instead: each with at most so many turns taken from an actor that could
    have gone on, be they the same or not."""

    def __init__(self, switches: int | None = None) -> None:
        self._most = switches
        self._path: list[Choice] = []
        self._depth = 0

    @property
    def order(self) -> list[str]:
        """The present one, so far."""
        return [each.chosen for each in self._path[: self._depth]]

    def choose(self, waiting: Waiting) -> str:
        """Whose turn it is, of those who wait. Raises Redundant."""
        if self._depth == len(self._path):
            self._go_on(waiting)
        choice = self._path[self._depth]
        assert _names(choice.waiting) == _names(waiting), f"not the same run again: {self.order}"
        choice.waiting = waiting  # the same calls, of another user's job
        self._depth += 1
        return choice.chosen

    def next(self) -> bool:
        """Begins the next order, and says whether there is one."""
        self._depth = 0
        while self._path:
            last = self._path.pop()
            last.tried.add(last.chosen)
            left = [name for name in self._able(last.waiting) if name in last.wanted - last.tried - last.asleep]
            if left:
                self._append(last, left[0])
                return True
        return False

    def _go_on(self, waiting: Waiting) -> None:
        asleep = self._asleep()
        able = [name for name in self._able(waiting) if name not in asleep]
        if not able:
            raise Redundant
        wanted = {able[0]} if self._most is None else set(able)
        self._append(Choice(waiting, asleep, able[0], wanted), able[0])

    def _append(self, choice: Choice, chosen: str) -> None:
        choice.chosen, choice.switches = chosen, self._switches(choice.waiting, chosen)
        self._path.append(choice)
        if self._most is None:
            self._note_clashes()

    def _able(self, waiting: Waiting) -> list[str]:
        """Who went last comes first; alone where no switch is left."""
        last = self._path[-1] if self._path else None
        names = sorted(waiting, key=lambda name: last is None or name != last.chosen)
        spent = self._most is not None and last is not None and last.switches >= self._most
        return names[:1] if spent and last and last.chosen in waiting else names

    def _switches(self, waiting: Waiting, chosen: str) -> int:
        last = self._path[-1] if self._path else None
        return last.switches + (chosen != last.chosen and last.chosen in waiting) if last else 0

    # ── without what comes to the same ──────────────────────────────────────────────────────────────────────────────

    def _asleep(self) -> frozenset[str]:
        """Who slept or was tried before the last call, and does not clash with it."""
        if self._most is not None or not self._path:
            return frozenset()
        last = self._path[-1]
        rest = (last.asleep | last.tried) - {last.chosen}
        return frozenset(name for name in rest if not clash(last.waiting[name].touches, last.step.touches))

    def _note_clashes(self) -> None:
        """Each earlier call that the last one clashes with, and need not have followed, is to come after it, too."""
        now, newest = len(self._path) - 1, self._path[-1]
        linked = [number for number in range(now) if self._linked(number, newest)]
        newest.before = frozenset().union(*({number} | self._path[number].before for number in linked))
        for number in linked:
            between = [other for other in linked if number in self._path[other].before]
            if not between and self._path[number].chosen != newest.chosen:
                self._reverse(number, now)

    def _linked(self, number: int, newest: Choice) -> bool:
        earlier = self._path[number]
        return earlier.chosen == newest.chosen or clash(earlier.step.touches, newest.step.touches)

    def _reverse(self, early: int, late: int) -> None:
        """Somebody who can begin what lies between and did not wait for the early call is wanted in its place."""
        free = [number for number in range(early + 1, late) if early not in self._path[number].before]
        free.append(late)
        first = [self._path[each].chosen for each in free if not self._path[each].before & set(free)]
        choice = self._path[early]
        if not choice.wanted & set(first):
            choice.wanted.add(first[0])


def _names(waiting: Waiting) -> dict[str, str]:
    return {name: step.name for name, step in waiting.items()}


@dataclass
class Found:
    """How many orders were run, how many broken off as seen before, and whether these were all."""

    switches: int | None
    number: int = 0
    broken_off: int = 0
    complete: bool = False

    @property
    def extent(self) -> str:
        limit = "all there are" if self.switches is None else f"all with {self.switches} switches or fewer"
        return limit if self.complete else f"the first of {limit}"


def every_order(
    run: Callable[[Callable[[Waiting], str]], object], switches: int | None = None, most: float = inf
) -> Found:
    """Calls `run`, which asks whose turn it is, for each order, up to the `most`."""
    orders, found = Orders(switches), Found(switches)
    while found.number < most and not found.complete:
        try:
            run(orders.choose)
            found.number += 1
        except Redundant:
            found.broken_off += 1
        except BaseException as broken:
            broken.add_note(f"in the order {orders.order}")
            raise
        found.complete = not orders.next()
    return found


def given(order: Sequence[str]) -> Callable[[Waiting], str]:
    """For `run`: this order and no other, to see again what a test has found."""
    names = iter(order)
    return lambda waiting: next(names)
