"""A race as a test: what comes before, who runs, and what must hold whoever was first."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import update_wrapper
from itertools import count
from typing import Any

import pytest

from penstock.domain.account import Account
from penstock.domain.errors import PenstockError
from penstock.domain.job import Job
from penstock.engine.parts import Identity, Parts
from penstock.engine.sweep import sweep_job
from tests.faults import orders
from tests.faults.interleaving import Actor, Gates
from tests.faults.orders import Redundant, Step, Waiting
from tests.faults.steps import LONG, received
from tests.house import House
from tests.invariants import check
from tests.queues import Delivery

# What a new account of a house has.
TOKENS = 100_000
# More orders than this are begun, and not finished. In the suite no race has as many.
MOST = 1_000

Race = Callable[["Play"], Iterator[None]]


class Play:
    """One order of one race, for a user of its own. What is done before the race's `yield` goes straight through; then
    the actors go on in that order to their ends; what follows is to hold."""

    def __init__(self, house: House, gates: Gates, number: int) -> None:
        self.house, self.gates = house, gates
        self.who = Identity(f"user-{number}", f"name-{number}")
        self.actors: list[Actor] = []
        self.steps: list[str] = []
        house.script.calls.clear()
        house.script.acts.clear()
        house.recorder.calls.clear()

    # ── before ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, lines: int, kind: str = "toy", **fields: Any) -> str:
        return self.house.submit(lines, kind, self.who, **fields)

    def act(self, action: Callable[[Parts, str, str], Any], job_id: str) -> Any:
        return action(self.house.parts, self.who.user, job_id)

    def begins(self, name: str, call: Callable[[], Any], before: str = "", number: int = 1) -> Actor:
        """An actor; with `before`, it has gone on to its call of that name, the `number`th."""
        actor = Actor(name, call, self.gates)
        self.actors.append(actor)
        actor.start()
        while before and actor.step:
            number -= actor.step.name == before
            if number == 0:
                break
            actor.go()
        assert actor.step or not before, f"{name} never comes to its {before}"
        return actor

    def acts(self, name: str, action: Callable[[Parts, str, str], Any], job_id: str) -> Actor:
        return self.begins(name, lambda: self.act(action, job_id))

    def works(self, name: str, delivery: Delivery | None = None, before: str = "", number: int = 1) -> Actor:
        """A worker, with the next message if none is given; the queue hears what becomes of it."""
        message = delivery or received(self.house)
        return self.begins(name, lambda: self.house.work(message), before, number)

    def settles(self, name: str, delivery: Delivery | None = None) -> Actor:
        """A worker whose work is done, up to the transaction that settles it."""
        return self.works(name, delivery, "transact_write_items", 2)

    def asks(self, name: str) -> Actor:
        """A worker that takes a message when its turn comes, if there is one."""

        def ask() -> Any:
            self.gates.stop(Step("receive"))
            delivery = self.house.receive()
            return self.house.work(delivery) if delivery else None

        return self.begins(name, ask)

    def dispatches(self, name: str = "dispatcher") -> Actor:
        """A dispatcher that takes what the stream has when its turn comes."""

        def follow() -> int:
            self.gates.stop(Step("stream"))
            return self.house.follow()

        return self.begins(name, follow)

    def sweeps(self, name: str, job_id: str) -> Actor:
        return self.acts(name, sweep_job, job_id)

    def waits(self, seconds: float = LONG) -> None:
        self.house.clock.advance(seconds)

    # ── during ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> Waiting:
        return {actor.name: actor.step for actor in self.actors if actor.step}

    def go(self, name: str) -> None:
        actor = next(each for each in self.actors if each.name == name)
        self.steps.append(f"{name} {actor.step.name if actor.step else ''}")
        actor.go()

    def abandon(self) -> None:
        """What it leaves behind is in nobody's way."""
        for actor in self.actors:
            actor.kill()
        self.house.queues.purge()
        self.house.position += len(self.house.unread())

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────────────

    def quiet(self) -> None:
        """Workers and dispatcher go on until nothing is left to do; no janitor comes."""
        self.house.run()

    def tidied(self, times: int = 2) -> None:
        """The janitor comes, again and again, long after."""
        for _ in range(times):
            self.quiet()
            self.waits()
            for job in self.house.jobs(self.who.user):
                self.act(sweep_job, job.job_id)
        self.quiet()

    def job(self, job_id: str) -> Job:
        return self.house.job(job_id, self.who.user)

    @property
    def account(self) -> Account:
        return self.house.account(self.who.user)

    @property
    def calls(self) -> int:
        """How often a provider was asked."""
        return self.house.script.calls.total()

    def is_gone(self, job_id: str) -> bool:
        """Nothing is left of any job of the user's, nor of this one's lines."""
        return not [*self.house.jobs(self.who.user), *self.house.items(job_id)]

    @property
    def done(self) -> list[str]:
        """Whose call was not refused."""
        return [actor.name for actor in self.actors if not isinstance(actor.answer, PenstockError)]


def explore(house: House, race: Race, switches: int | None = None) -> int:
    """Runs the race in every order, and says how many there were."""
    gates, numbers, began = Gates(house), count(1), time.process_time()

    def run(choose: Callable[[Waiting], str]) -> None:
        _perform(race, Play(house, gates, next(numbers)), choose)

    found = orders.every_order(run, switches, MOST)
    seconds = time.process_time() - began
    sys.stdout.write(f"{race.__name__}: {found.number} orders, {found.extent}, {seconds:.1f} s\n")
    return found.number


def _perform(race: Race, play: Play, choose: Callable[[Waiting], str]) -> None:
    course = race(play)
    next(course)
    try:
        while waiting := play.waiting:
            play.go(choose(waiting))
        assert next(course, course) is course, "a race has one yield"
        check(play.house, play.who.user, ended=True)
    except Redundant:
        play.abandon()
        raise
    except BaseException as broken:
        broken.add_note(f"calls: {', '.join(play.steps)}")
        raise


def every_order(race: Race) -> Callable[[House], None]:
    """The race as a test of all its orders."""

    def test(house: House) -> None:
        assert explore(house, race) > 1

    named: Callable[[House], None] = _named(test, race)
    return named


def few_switches(switches: int) -> Callable[[Race], Callable[[House, int | None], None]]:
    """The race as a test of the orders with so many switches, and a long one of all its orders."""

    def tests(race: Race) -> Callable[[House, int | None], None]:
        def test(house: House, switches: int | None) -> None:
            assert explore(house, race, switches) > 1

        every = pytest.param(None, marks=pytest.mark.long, id="all")
        named: Callable[[House, int | None], None] = _named(test, race)
        return pytest.mark.parametrize("switches", [switches, every])(named)

    return tests


def _named(test: Any, race: Race) -> Any:
    """Under the race's name; its own arguments are what pytest is to see."""
    update_wrapper(test, race)
    del test.__wrapped__, test.__annotations__
    return test
