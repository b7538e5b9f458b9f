"""Random walks: a user, a queue, a stream and a janitor at odds with each other, and calls that die or hang on the
way. When the faults stop, every job ends, nothing is reserved, and the money adds up. A seed that fails is a test
case: run it alone."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from penstock.domain.errors import Conflict, Limited, NotFound, Refused
from penstock.domain.job import Job, PauseReason, Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.claim import Done, Later
from penstock.engine.dead_letters import bury
from penstock.engine.idempotency import Once
from penstock.engine.quota import grant
from penstock.engine.submit import Created, submit
from tests.faults.saboteur import Saboteur, dies_after, dies_before, hangs
from tests.faults.steps import LONG, raises
from tests.house import USER, Crash, House
from tests.invariants import check
from tests.queues import Delivery
from tests.toys import ToyRequest

ENDED = {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
MOST_JOBS = 4


class Walk:
    """One walk of `seed`: `step` does something at random; `settle_down` stops the faults and brings all to its end."""

    def __init__(self, house: House, seed: int) -> None:
        self.random, self.house = random.Random(seed), house
        plan = Needs(self.random.choice([300, 1_000, 100_000]), self.random.choice([2, 5, 1_000]))
        house.limit(window=self.random.choice([2, 4]), plan=plan)
        self.saboteur = Saboteur(house)
        self.jobs: list[str] = []
        self.dead: list[Delivery] = []
        self.deleted = False
        self.number = 0

    def step(self) -> None:
        self.number += 1
        if self.random.random() < 0.25:
            fault = self.random.choice([dies_before, dies_after, hangs])
            self.saboteur.arm(self.random.randint(0, 8), fault)
        often: list[Callable[[], object]] = [self.deliver, self.control, self.follow]
        seldom = [self.submit, self.edit, self.grant, self.sweep, self.pass_time, self.lose, self.die, self.script]
        self.random.choices([*often, *seldom], weights=[4, 4, 2, *[1] * len(seldom)])[0]()

    def guarded(self, call: Callable[[], object]) -> None:
        """What a caller does not hear of, or is refused, changes nothing for the walk."""
        with suppress(Crash, Conflict, NotFound):
            call()

    def submit(self) -> None:
        if len(self.jobs) == MOST_JOBS:
            return
        lines, kind = self.random.randint(1, 4), self.random.choice(["toy", "stages", "book"])
        body = {"job_type": kind, "lines": lines, "budget": self.random.choice([None, None, 300])}
        request, once = ToyRequest.model_validate(body), Once(f"submit-{self.number}", "hash")
        created: Created | None = None
        while created is None:
            try:
                created = submit(self.house.parts, USER, request, once)
            except Crash:
                continue  # the client sends it again, with the same key
        self.jobs.append(created.job_id)

    def worked(self, delivery: Delivery) -> Done | Later:
        self.saboteur.delivery = delivery
        try:
            return self.house.attempt(delivery)
        except Crash:
            return Later(None, "died")
        finally:
            self.saboteur.delivery = None

    def deliver(self) -> None:
        delivery = self.house.receive()
        if delivery is None:
            return
        verdict = self.worked(delivery)
        if isinstance(verdict, Later) and self.random.random() < 0.5:
            self.house.clock.advance(verdict.seconds or 960)
        doubled = self.random.random() < 0.25
        (self.house.give_back if doubled or isinstance(verdict, Later) else self.house.acknowledge)(delivery)

    def follow(self) -> None:
        """A batch whose reader died is read again."""
        position = self.house.position
        try:
            self.house.follow()
        except Crash:
            self.house.position = position

    def control(self) -> None:
        action = self.random.choice([control.pause, control.resume, control.cancel, control.retry, control.delete])
        self.deleted = self.deleted or action is control.delete
        self.guarded(lambda: action(self.house.parts, USER.user, self.random.choice(self.jobs or ["none"])))

    def edit(self) -> None:
        budget = self.random.choice([None, 500, 2_000])
        job_id = self.random.choice(self.jobs or ["none"])
        self.guarded(lambda: control.edit(self.house.parts, USER.user, job_id, budget=budget))

    def grant(self) -> None:
        amount = Needs(self.random.choice([100, 500, -50]), self.random.choice([1, 3]))
        self.guarded(lambda: grant(self.house.parts, USER.user, amount, "", Once(f"grant-{self.number}", "hash")))

    def sweep(self) -> None:
        self.guarded(self.house.sweep)

    def pass_time(self) -> None:
        self.house.clock.advance(self.random.choice([10, 400, LONG]))

    def lose(self) -> None:
        delivery = self.house.receive()
        if delivery:
            self.house.acknowledge(delivery)

    def die(self) -> None:
        delivery = self.house.receive()
        if delivery:
            self.house.acknowledge(delivery)
            self.dead.append(delivery)
        self.bury()

    def bury(self) -> None:
        for delivery in list(self.dead):
            try:
                if isinstance(bury(self.house.parts, delivery.message), Done):
                    self.dead.remove(delivery)
            except Crash:
                continue  # it stays in its queue

    def script(self) -> None:
        wait = self.random.choice([1, 100])
        fate = self.random.choice([Refused("no"), ConnectionError(), Limited("429", retry_after=wait)])
        self.house.script.at(self.random.randint(0, 3), raises(fate), stage=self.random.choice([0, 1]))

    def settle_down(self) -> None:
        self.saboteur.arm(-1, dies_before)
        self.house.script.acts.clear()
        self.quiet()
        if self.jobs:
            grant(self.house.parts, USER.user, Needs(1_000_000, 1_000), "all that is needed")
        for _ in range(MOST_JOBS + 1):
            for job in self.house.jobs():
                self.go_on(job)
            self.quiet()

    def go_on(self, job: Job) -> None:
        """The user ends what waits for them."""
        if job.pause_reason == PauseReason.BUDGET:
            control.edit(self.house.parts, USER.user, job.job_id, budget=None)
        elif job.status == Status.PAUSED:
            self.guarded(lambda: control.resume(self.house.parts, USER.user, job.job_id))

    def quiet(self) -> None:
        for _ in range(3):
            for _ in range(500):
                followed, delivery = self.house.follow(), self.house.receive()
                if delivery:
                    self.finish(delivery)
                elif not followed:
                    break
            else:
                raise AssertionError("it does not get quiet")
            self.bury()
            self.house.clock.advance(2 * LONG)
            self.house.sweep()

    def finish(self, delivery: Delivery) -> None:
        verdict = self.worked(delivery)
        if isinstance(verdict, Later):
            self.house.clock.advance(verdict.seconds or 960)
            self.house.give_back(delivery)
        else:
            self.house.acknowledge(delivery)

    def holds(self) -> None:
        for job in self.house.jobs():
            assert job.status in ENDED, job
            assert (job.running, job.watch) == (0, None), job
        if self.deleted:  # with a job goes the record of what it charged; the ledger keeps it
            balance = self.house.account().tokens_remaining if self.jobs else 0
            assert sum(row["tokens"] for row in self.house.ledger()) == balance
        elif self.jobs:
            check(self.house)


def walk(house: House, seed: int) -> None:
    wanderer = Walk(house, seed)
    wanderer.submit()
    for _ in range(wanderer.random.randint(10, 60)):
        wanderer.step()
    wanderer.settle_down()
    wanderer.holds()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_every_job_ends_and_the_money_adds_up(house: House, seed: int) -> None:
    walk(house, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 3_000))
def test_the_same_for_long(house: House, seed: int) -> None:
    walk(house, seed)
