"""The bounds that docs/reliability.md states, measured on the house's clock: how long the worst item takes to its end,
how much is paid twice."""

from collections.abc import Callable, Iterator
from random import Random

import pytest

from penstock.domain.errors import OutOfTime, Transient
from penstock.domain.item import ItemStatus
from penstock.domain.job import Status
from penstock.engine import control
from penstock.engine.sweep import DEDUPLICATION_SECONDS
from tests.clock import WORKER_SECONDS, Crash
from tests.faults.steps import raises
from tests.house import House
from tests.invariants import check
from tests.toys import TOY
from tests.views import USER

pytestmark = pytest.mark.emulator_only("what is measured is the house's clock")

VISIBILITY = 960
TRIES = TOY.max_tries
# Each try may hold its message to the end of its visibility; whoever comes after the last one settles the item.
T_POISON = TRIES * VISIBILITY
# The janitor's patience with a job of which nothing is heard, and the minute until it comes.
T_LOST = DEDUPLICATION_SECONDS + VISIBILITY + 60 + 60
DAY = 86_400


def crash() -> None:
    raise Crash


def hang(house: House) -> Callable[[], None]:
    """Past the worker's time: Lambda kills it."""

    def act() -> None:
        house.clock.advance(WORKER_SECONDS + 1)
        raise Crash

    return act


def seconds_to_end(house: House, job_id: str, most: float) -> float:
    """Until every line is terminal. Fails where that takes longer than `most`."""
    began = house.clock.seconds
    for _ in house.minutes(most):
        if house.job(job_id).remaining == 0:
            break
    check(house, ended=True)
    return house.clock.seconds - began


def poisons(house: House) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "kills its worker", crash
    yield "hangs until its worker is killed", hang(house)
    yield "fails", raises(Transient("503"))
    yield "runs out of time", raises(OutOfTime("slow"))


@pytest.mark.parametrize("number", range(4))
def test_a_poison_item_is_terminal_within_t(house: House, number: int) -> None:
    """Whatever it does to its workers; and the lines behind it, which waited in its group, all complete."""
    _, poison = list(poisons(house))[number]
    house.script.at(0, *[poison] * 50)
    job_id = house.submit(4)
    assert seconds_to_end(house, job_id, DAY) <= T_POISON + 60
    statuses = [item.status for item in house.items(job_id)]
    assert statuses == [ItemStatus.FAILED, *[ItemStatus.DONE] * 3]
    assert house.script.calls[(0, "first")] == TRIES
    assert house.queues.count(dead=True) == 0


def test_a_user_who_resumes_a_poison_item_again_and_again_gets_the_same_bound_in_each_run(house: House) -> None:
    house.script.at(0, *[crash] * 50)
    job_id = house.submit(1)
    for runs in range(1, 6):
        house.run(until=house.clock.seconds + 10)
        assert house.script.calls[(0, "first")] == runs
        control.pause(house.parts, USER.user, job_id)
        for _ in house.minutes(VISIBILITY + 120):
            pass
        assert (house.job(job_id).running, house.account().tokens_remaining) == (0, 100_000)
        control.resume(house.parts, USER.user, job_id)
    assert seconds_to_end(house, job_id, DAY) <= T_POISON + 60
    assert house.job(job_id).status == Status.FAILED


@pytest.mark.parametrize("lines", [1, 9])
def test_lost_messages_cost_the_janitors_patience_and_nothing_else(house: House, lines: int) -> None:
    job_id = house.submit(lines)
    house.queues.purge()
    assert seconds_to_end(house, job_id, DAY) <= T_LOST + 60
    assert house.job(job_id).completed == lines
    assert set(house.script.calls.values()) == {1}


def test_messages_lost_again_and_again_double_the_patience_up_to_an_hour(house: House) -> None:
    job_id = house.submit(2)
    waits = []
    for _ in range(4):
        house.queues.purge()
        run, began = house.job(job_id).run, house.clock.seconds
        for _ in house.minutes(DAY):
            if house.job(job_id).run > run:
                break
            house.queues.purge()
        waits.append(house.clock.seconds - began)
    base = T_LOST - 60
    for wait, patience in zip(waits, (base, 2 * base, 3600, 3600), strict=True):
        assert patience <= wait <= patience + 120
    for _ in house.minutes(600):
        pass
    assert house.job(job_id).completed == 2
    check(house, ended=True)


@pytest.mark.parametrize("seed", range(3))
def test_each_crash_costs_at_most_the_call_in_flight(house: House, seed: int) -> None:
    """One call in ten kills its worker. What was asked for twice is at most one call for each."""
    random, lines, crashes = Random(seed), 50, 0

    def perhaps() -> None:
        nonlocal crashes
        if random.random() < 0.1:
            crashes += 1
            raise Crash

    for line in range(lines):
        house.script.at(line, *[perhaps] * 12)
    house.limit(window=10)
    job_id = house.submit(lines)
    house.run(deliveries=10 * lines)
    check(house, ended=True)
    calls = house.script.calls
    assert house.job(job_id).remaining == 0
    assert crashes > 3
    assert calls.total() - len(calls) <= crashes
