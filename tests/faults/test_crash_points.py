"""A process that dies, or hangs, at any call to AWS or to a provider. The calls are not listed: a run without faults
is recorded, and then each of its calls is the one that fails, in each of three ways, and the rest goes on until all is
quiet."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from penstock.domain.errors import Conflict, NotFound, Refused
from penstock.domain.item import TERMINAL
from penstock.domain.job import Status
from penstock.engine import control
from penstock.engine.claim import Later
from penstock.engine.dead_letters import bury
from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity, Parts
from penstock.engine.submit import submit
from tests.faults.saboteur import Fault, Saboteur, dies_after, dies_before, hangs
from tests.faults.steps import LONG
from tests.house import Crash, House
from tests.invariants import check
from tests.toys import ToyRequest

STORE = Path(__file__).parents[2] / "layers/core/python/penstock/store"


@dataclass(frozen=True)
class Scenario:
    """A job that goes through much: whether its last line fails and is retried, the job is paused and resumed, its
    first message dies, the job is deleted in the end."""

    kind: str
    lines: int = 2
    retried: bool = False
    paused: bool = False
    dead: bool = False
    deleted: bool = False


SCENARIOS = [
    Scenario("toy", lines=1, retried=True),
    Scenario("stages", lines=1, paused=True),
    Scenario("book", deleted=True),
    Scenario("toy", dead=True),
]


class Play:
    """One scenario of one user, with the faults survived as a deployment would: what died is called again."""

    def __init__(self, house: House, saboteur: Saboteur, scenario: Scenario, user: str) -> None:
        self.house, self.saboteur, self.scenario, self.who = house, saboteur, scenario, Identity(user, user)
        self.job_id = ""
        house.script.calls.clear()
        house.script.acts.clear()

    def run(self) -> None:
        if self.scenario.retried:
            self.house.script.at(self.scenario.lines - 1, _refuse)
        request = ToyRequest.model_validate({"job_type": self.scenario.kind, "lines": self.scenario.lines})
        once = Once("submission", "hash")
        self.job_id = self.again(lambda: submit(self.house.parts, self.who, request, once)).job_id
        if self.scenario.dead:
            self.again(self.bury_one)
        if self.scenario.paused:
            self.deliver()
            self.act(control.pause)
            self.act(control.resume)
        self.quiet()
        if self.scenario.retried or self.scenario.dead:
            self.act(control.retry)
            self.quiet()
        if self.scenario.deleted:
            self.act(control.delete)
            self.quiet()

    def again(self, call: Callable[[], Any]) -> Any:
        """As often as it takes, as a client or the queue would; a fault strikes only once."""
        try:
            return call()
        except Crash:
            return call()

    def act(self, action: Callable[[Parts, str, str], object]) -> None:
        """A user who got no answer asks again. A refusal is an answer: it was done, or there is nothing left to do."""
        with suppress(Conflict, NotFound):
            self.again(lambda: action(self.house.parts, self.who.user, self.job_id))

    def bury_one(self) -> None:
        """A message dies: it is gone from its queue, and delivered from the other until it is acknowledged."""
        delivery = self.house.receive()
        if delivery:
            self.house.acknowledge(delivery)
            self.again(lambda: bury(self.house.parts, delivery.message))

    def deliver(self) -> bool:
        delivery = self.house.receive()
        if delivery is None:
            return False
        self.saboteur.delivery = delivery
        try:
            verdict = self.house.attempt(delivery)
        except Crash:
            verdict = Later(0.0, "died")
        self.saboteur.delivery = None
        if isinstance(verdict, Later):
            self.house.clock.advance(verdict.seconds if verdict.seconds is not None else 960)
            self.house.give_back(delivery)
        else:
            self.house.acknowledge(delivery)
        return True

    def follow(self) -> bool:
        """A batch of the stream that was not finished is read again."""
        position = self.house.position
        try:
            return self.house.follow() > 0
        except Crash:
            self.house.position = position
            return True

    def quiet(self) -> None:
        for _ in range(6):
            while self.follow() or self.deliver():
                pass
            self.house.clock.advance(LONG)
            self.again(self.house.sweep)

    def holds(self) -> None:
        """I1–I7 for this user, and every line terminal."""
        job = self.house.parts.records.job(self.who.user, self.job_id)
        if self.scenario.deleted:
            assert job is None
            assert self.house.items(self.job_id) == []
            balance = self.house.account(self.who.user).tokens_remaining
            assert sum(row["tokens"] for row in self.house.ledger(self.who.user)) == balance
            return
        check(self.house, self.who.user)
        assert job is not None
        assert (job.status, job.failed, job.running) == (Status.COMPLETED, 0, 0)
        assert job.completed == self.scenario.lines
        assert {item.status for item in self.house.items(self.job_id)} <= TERMINAL
        assert job.watch is None

    @property
    def paid(self) -> Counter[tuple[int, str]]:
        return self.house.script.calls


def _refuse() -> None:
    raise Refused("no")


@pytest.fixture
def saboteur(house: House) -> Saboteur:
    return Saboteur(house)


def recorded(house: House, saboteur: Saboteur, scenario: Scenario) -> tuple[list[str], Counter[tuple[int, str]]]:
    """The calls of a run without faults, and what it paid for."""
    saboteur.arm(-1, dies_before)
    play = Play(house, saboteur, scenario, f"recorded-{SCENARIOS.index(scenario)}")
    play.run()
    calls = list(saboteur.calls)
    play.holds()
    return calls, Counter(play.paid)


@pytest.mark.parametrize("fault", [dies_before, dies_after, hangs], ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_fault_at_any_call_is_survived(house: House, saboteur: Saboteur, scenario: Scenario, fault: Fault) -> None:
    calls, paid = recorded(house, saboteur, scenario)
    for at, user in zip(range(len(calls)), map("user-{}".format, count()), strict=False):
        saboteur.arm(at, fault)
        play = Play(house, saboteur, scenario, user)
        play.run()
        saboteur.arm(-1, fault)
        where = f"{fault.__name__} at call {at}, {calls[at]}"
        try:
            play.holds()
        except AssertionError as broken:
            raise AssertionError(f"{where}: {broken}") from broken
        extra = play.paid - paid
        assert extra.total() <= 1, f"{where}: paid again for {extra}"


def test_no_call_site_of_the_store_is_left_out(house: House, saboteur: Saboteur) -> None:
    seen: set[str] = set()
    for scenario in SCENARIOS:
        seen |= set(recorded(house, saboteur, scenario)[0])
    sites = {name for path in STORE.glob("*.py") for name in re.findall(r"_client\.(\w+)\(", path.read_text())}
    # Of the API's reads and of a worker's handler: they change no record.
    elsewhere = {"batch_get_item", "change_message_visibility", "delete_object", "get_paginator"}
    assert sites - elsewhere <= seen | {"meta"}
