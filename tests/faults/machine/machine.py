"""The machine: each of its rules is something that users, workers, queues, the stream, the janitor, a provider or the
time may do."""

import sys
from collections.abc import Callable
from functools import partial
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from hypothesis.stateful import precondition as only_if

from penstock.domain.quota import Needs, Usage
from penstock.engine.parts import Identity
from tests.faults.machine import choices
from tests.faults.machine.choices import BUSY, FATES, IN_A_ROW, OTHERS, USUAL, Body
from tests.faults.machine.ending import settle_down
from tests.faults.machine.requests import Strike, Submission
from tests.faults.machine.world import USERS, World
from tests.faults.steps import raises

MOST_JOBS = 6
STEPS_BETWEEN_CHECKS = 16


class Rules(RuleBasedStateMachine):
    """What all rules share: the world, and how it ends."""

    jobs: Bundle[str] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.world, self.steps = World(), 0

    @initialize(
        target=jobs,
        first=choices.bodies,
        second=choices.bodies,
        window=st.sampled_from([1, 2, 4]),
        tokens=st.sampled_from([300, 1_000, 100_000]),
        articles=st.sampled_from([2, 5, 1_000]),
        output=st.sampled_from([20, 20, 70]),
    )
    def begin(
        self, first: Body, second: Body, window: int, tokens: int, articles: int, output: int
    ) -> MultipleResults[str]:
        """A job of each user."""
        self.world.begin(window, Needs(tokens, articles), Usage(input=10, output=output, calls=1, cost=40))
        made = [self.world.submit(Submission(who, body)) for who, body in zip(USERS, (first, second), strict=True)]
        return multiple(*(each for each in made if each))

    @invariant()
    def holds(self) -> None:
        self.world.holds()
        self.steps += 1
        if self.steps % STEPS_BETWEEN_CHECKS == 0:
            self.world.check()

    def teardown(self) -> None:
        with self.world.opened:
            if sys.exc_info()[0] is None:  # else it has failed already
                settle_down(self.world)

    def whoever(self, job_id: str, stranger: bool) -> str:
        """The job's owner, or the other user."""
        owner = self.world.model.jobs[job_id].user
        return next(each.user for each in USERS if (each.user == owner) != stranger)


def no_act() -> None:
    """The provider just answers."""


def messages(machine: Rules) -> bool:
    return machine.world.waiting() > 0


def dead_letters(machine: Rules) -> bool:
    return machine.world.waiting(dead=True) > 0


def records(machine: Rules) -> bool:
    return len(machine.world.house.unread()) > 0


class Users(Rules):
    """What they ask for. Whoever acts on a job is told by the model what to expect."""

    @only_if(lambda self: len(self.world.model.jobs) < MOST_JOBS)
    @rule(
        target=Rules.jobs,
        who=choices.users,
        body=choices.bodies,
        key=choices.keys,
        again=st.booleans(),
        strike=choices.strikes,
    )
    def submit(
        self, who: Identity, body: Body, key: str | None, again: bool, strike: Strike | None
    ) -> MultipleResults[str]:
        """`again`: what was sent with that key before."""
        known = self.world.answers.get((who.user, key or ""))
        made = self.world.submit(known[0] if known and again else Submission(who, body, key), strike)
        return multiple(*([made] if made else []))

    @rule(job=Rules.jobs, action=choices.actions, strike=choices.strikes)
    def act(self, job: str, action: str, strike: Strike | None) -> None:
        """That action, or another which is possible."""
        user = self.world.model.jobs[job].user
        possible = [each for each in (action, *USUAL) if self.world.model.answer(job, each, user) == "done"]
        self.world.control(job, possible[0] if possible else action, user, strike)

    @rule(job=Rules.jobs, action=choices.actions, stranger=choices.strangers, strike=choices.strikes)
    def try_to_act(self, job: str, action: str, stranger: bool, strike: Strike | None) -> None:
        self.world.control(job, action, self.whoever(job, stranger), strike)

    @rule(job=Rules.jobs, budget=choices.budgets, stranger=choices.strangers, strike=choices.strikes)
    def set_budget(self, job: str, budget: int | None, stranger: bool, strike: Strike | None) -> None:
        self.world.set_budget(job, budget, self.whoever(job, stranger), strike)

    @rule(who=choices.users, amount=choices.amounts, strike=choices.strikes)
    def grant(self, who: Identity, amount: Needs, strike: Strike | None) -> None:
        self.world.grant(who.user, amount, strike)


class Actors(Rules):
    """What works on the jobs, well or badly."""

    @only_if(messages)
    @rule(priority=choices.priorities, strike=choices.strikes_at_work)
    def deliver(self, priority: str, strike: Strike) -> None:
        self.world.deliver(priority, strike)

    @only_if(messages)
    @rule(priority=choices.priorities, fate=choices.fates, good=st.integers(0, 1))
    def deliver_to_a_provider_that_fails(self, priority: str, fate: str, good: int) -> None:
        """After one `good` call, or at once."""
        self.world.deliver(priority, acts=[*[no_act] * good, raises(FATES[fate]())])

    @only_if(messages)
    @rule(priority=choices.priorities, seconds=choices.delays, strike=choices.strikes)
    def deliver_to_a_provider_that_is_slow(self, priority: str, seconds: int, strike: Strike | None) -> None:
        self.world.deliver(priority, strike, acts=[partial(self.world.advance, seconds)])

    @rule(times=st.integers(1, 12))
    def go_on(self, times: int) -> None:
        """Some of it without a fault, or nothing would ever come to a later stage."""
        for _ in range(times):
            self.world.deliver()

    @only_if(records)
    @rule(most=st.none() | st.integers(1, 4), times=st.sampled_from([1, 1, 2]), strike=choices.strikes)
    def follow(self, most: int | None, times: int, strike: Strike | None) -> None:
        self.world.follow(most, strike, times)

    @rule(strike=choices.strikes)
    def sweep(self, strike: Strike | None) -> None:
        self.world.sweep(strike)

    @only_if(dead_letters)
    @rule(strike=choices.strikes)
    def bury(self, strike: Strike | None) -> None:
        self.world.bury(strike)


class Misfortunes(Rules):
    """What nobody does, and happens."""

    @only_if(messages)
    @rule(random=choices.randoms, what=st.sampled_from(["lose", "kill", "duplicate", "shuffle"]))
    def message(self, random: Random, what: str) -> None:
        self.world.house.strict_lanes &= what == "shuffle"  # they rest on the queue's group lock
        self.world.lossless &= what != "lose"
        getattr(self.world.house.queues, what)(random)

    @only_if(messages)
    @rule()
    def message_comes_back(self) -> None:
        self.world.show_again()

    @only_if(dead_letters)
    @rule()
    def redrive(self) -> None:
        self.world.house.strict_lanes = False
        self.world.house.queues.redrive()

    @rule(most=st.integers(1, 8), again=st.booleans())
    def stream(self, most: int, again: bool) -> None:
        """Records are lost, or come once more, late."""
        house = self.world.house
        if again:
            house.follow_records(house.records[max(0, house.position - most) : house.position])
        else:
            self.world.lose_records(most)

    @rule(seconds=choices.waits)
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)


class Meetings(Rules):
    """One acts while another is in the middle of something."""

    @rule(at=st.integers(0, 9), busy=st.sampled_from(BUSY), job=Rules.jobs, what=st.sampled_from(IN_A_ROW))
    def user_acts_meanwhile(self, at: int, busy: str, job: str, what: tuple[str, ...]) -> None:
        def act() -> None:
            for action in what:
                self.world.control(job, action, self.whoever(job, stranger=False))

        self.world.meanwhile(at, self.actor(busy), act)

    @rule(at=st.integers(0, 9), busy=st.sampled_from(BUSY), other=st.sampled_from(OTHERS))
    def other_acts_meanwhile(self, at: int, busy: str, other: str | Identity) -> None:
        """A user, here, is granted something."""
        act = self.actor(other) if isinstance(other, str) else partial(self.world.grant, other.user, Needs(300, 3))
        self.world.meanwhile(at, self.actor(busy), act)

    def actor(self, name: str) -> Callable[[], object]:
        found: Callable[[], object] = getattr(self.world, name)
        return found


class Machine(Users, Actors, Misfortunes, Meetings):
    """All of it."""
