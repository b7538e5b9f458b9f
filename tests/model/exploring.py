"""Every state of a small scenario, breadth first: none may break a rule, and from each the system by itself (no user,
no further fault) must be able to come to rest."""

from dataclasses import dataclass

from tests.model import rules, world
from tests.model.state import Scenario, State
from tests.model.step import Step


@dataclass
class Explored:
    """`trace` are the steps to the first state that is `wrong`."""

    states: int = 0
    steps: int = 0
    wrong: str = ""
    trace: tuple[str, ...] = ()


class Exploration:
    def __init__(self, scenario: Scenario, most: int = 1_000_000) -> None:
        first = world.begin(State(scenario))
        self._numbers = {first.key(): 0}
        self._came: list[tuple[int, str]] = [(-1, "")]
        self._back: list[list[int]] = [[]]  # from which states the system comes here by itself
        self._rest = [0] if rules.at_rest(first) else []
        self._most = most
        self.found = Explored(1)
        self._frontier = [(0, first)]

    def run(self) -> Explored:
        while self._frontier and not self.found.wrong:
            frontier, self._frontier = self._frontier, []
            for number, state in frontier:
                self._look(number, state)
            assert self.found.states <= self._most, "the scenario is larger than was meant"
        if not self.found.wrong:
            self._judge_stuck()
        return self.found

    def _look(self, number: int, state: State) -> None:
        for step in world.steps(state):
            self.found.steps += 1
            to = self._numbers.setdefault(step.after.key(), self.found.states)
            if to == self.found.states:
                self._new(number, to, step)
            if not step.whim:
                self._back[to].append(number)

    def _new(self, number: int, to: int, step: Step) -> None:
        self.found.states += 1
        self._came.append((number, step.what))
        self._back.append([])
        self._frontier.append((to, step.after))
        if rules.at_rest(step.after):
            self._rest.append(to)
        wrong = rules.violation(step.after)
        if wrong and not self.found.wrong:
            self.found.wrong, self.found.trace = wrong, self._trace(to)

    def _judge_stuck(self) -> None:
        able, todo = set(self._rest), list(self._rest)
        while todo:
            for number in self._back[todo.pop()]:
                if number not in able:
                    able.add(number)
                    todo.append(number)
        stuck = next((number for number in range(self.found.states) if number not in able), None)
        if stuck is not None:
            self.found.wrong, self.found.trace = "stuck: the system alone comes to no good end", self._trace(stuck)

    def _trace(self, number: int) -> tuple[str, ...]:
        trace = []
        while number > 0:
            number, what = self._came[number]
            trace.append(what)
        return tuple(reversed(trace))


def explore(scenario: Scenario) -> Explored:
    return Exploration(scenario).run()
