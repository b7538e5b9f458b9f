"""Ways through a scenario, and the real code driven along them.

Driving is slow beside thinking: so the model walks alone first, many times, and of its ways those are driven that show
the most of what was not seen yet."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

from tests.house import House
from tests.model import rules, world
from tests.model.doors import Doors, call_of
from tests.model.driving import Real
from tests.model.reading import Reader
from tests.model.state import Scenario, State
from tests.model.step import Step

# How likely a whim is beside a call: seldom, so that not all come at the beginning.
WHIMS = (0.02, 0.1, 0.5)
# And a call of one process beside another's: some stall for long.
PACES = (1.0, 1.0, 0.3, 0.01)
LONGEST = 300
# How likely a walk ends where all is at rest and only users and faults could go on.
ENOUGH = 0.2
# How many walks are taken in search of something, before what was seen is forgotten; and how often.
SEARCH, SEARCHES = 100, 50

# What a step shows: what it came to, and beside which stopped process, or in what state of its job and item.
Sight = tuple[str, str, str]


@dataclass
class Way:
    """The states and steps from a scenario's beginning until all is at rest; `sights` is what there is to be seen."""

    first: State
    steps: list[Step] = field(default_factory=list)
    sights: set[Sight] = field(default_factory=set)

    @property
    def last(self) -> State:
        return self.steps[-1].after if self.steps else self.first

    def take(self, step: Step) -> None:
        before = self.last
        self.sights |= {
            (step.what, each.actor, each.phase) for pid, each in before.processes.items() if pid != step.pid
        }
        me = before.processes.get(step.pid)
        if me:
            self.sights.add((step.what, str(before.jobs[me.job].status), str(before.item(me.message).status)))
        self.steps.append(step)

    def until(self, what: str) -> "Way":
        """Only up to the first step that comes to it."""
        way = Way(self.first)
        for step in self.steps:
            way.take(step)
            if step.what == what:
                break
        return way


def walk(scenario: Scenario, random: Random, seen: Counter[str]) -> Way:
    """What was seldom seen is more likely to be next."""
    way, whim, paces = Way(world.begin(State(scenario))), random.choice(WHIMS), dict[int, float]()
    while len(way.steps) < LONGEST and not (rules.at_rest(way.last) and random.random() < ENOUGH):
        options = list(world.steps(way.last))
        if not options:
            break
        for pid in way.last.processes:
            paces.setdefault(pid, random.choice(PACES))
        chances = [paces.get(each.pid, 1.0) * (whim if each.whim else 1.0) / (1 + seen[each.what]) for each in options]
        (step,) = random.choices(options, chances)
        seen[step.what] += 1
        way.take(step)
    return way


def ways(scenario: Scenario, seed: int, walks: int, steps: int) -> Iterator[Way]:
    """Of so many walks those that show most that no earlier one did, for their length, until they come to `steps`."""
    random, seen = Random(seed), Counter[str]()
    left = [walk(scenario, random, seen) for _ in range(walks)]
    shown: set[Sight] = set()
    while left and steps > 0:
        best = max(left, key=lambda way: len(way.sights - shown) / (10 + len(way.steps)))
        left.remove(best)
        if not best.sights - shown:
            return
        shown |= best.sights
        steps -= len(best.steps)
        yield best


def way_to(scenario: Scenario, what: str) -> Way:
    """A way that ends with a step that comes to `what`."""
    for seed in range(SEARCHES):
        random, seen = Random(seed), Counter[str]()
        for _ in range(SEARCH):
            found = walk(scenario, random, seen)
            if what in (step.what for step in found.steps):
                return found.until(what)
    raise AssertionError(f"no way leads to: {what}")


@dataclass
class Lockstep:
    """Model and code, side by side. After each step they must say the same. `seen` is all that was shown so far."""

    house: House
    doors: Doors
    steps: int = 0
    seen: set[Sight] = field(default_factory=set)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def drive(self, way: Way) -> None:
        self.seen |= way.sights
        scenario = way.first.scenario
        real = Real(self.house, self.doors, scenario, f"user-{next(self._numbers)}")
        try:
            self._drive(real, way)
        finally:
            real.close()

    def _drive(self, real: Real, way: Way) -> None:
        reader, state, trace = Reader(real), way.first, list[str]()
        _compare(reader, state, trace)
        for step in way.steps:
            trace.append(f"{step.what}  [{step.name} {step.pid or ''} of {step.number}, {step.item}]")
            real.play(step, state)
            written = step.name != "call" or call_of(state.processes[step.pid]) == "write"
            state = step.after
            self.steps += 1
            _compare(reader, state, trace, written=written)
        _compare(reader, state, trace)


def _compare(reader: Reader, state: State, trace: list[str], *, written: bool = True) -> None:
    wrong = rules.violation(state)
    assert not wrong, "\n".join(["the model breaks a rule:", *trace, wrong])
    differences = reader.differences(state, written=written)
    assert not differences, "\n".join(["model and code part ways:", *trace, *differences])
