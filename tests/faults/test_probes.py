"""One prober at a time, whatever becomes of it; and what those do who come meanwhile, or come late."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from penstock.domain.breaker import LEASE_SECONDS, PROBE_SECONDS
from penstock.domain.errors import Fate, Limited, Transient
from penstock.domain.item import ItemStatus
from penstock.domain.prompts import Prompt
from penstock.engine.circuit import PROBE
from tests.clock import Crash
from tests.faults.outages import HALF_AN_HOUR, MINUTE, Town, breaker, down
from tests.faults.steps import received
from tests.faults.test_breaker import T_RECOVERY, ends_well
from tests.house import House
from tests.invariants import check
from tests.toys import MODEL

pytestmark = pytest.mark.emulator_only("what is measured is the house's clock")


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def opened(town: Town, users: int, lines: int = 2) -> None:
    """An outage that has just begun, and been noticed."""
    town.submits(users, lines)
    town.goes_wrong(HALF_AN_HOUR, down)
    while not town.breaker.is_open:
        town.house.deliver(received(town.house))
        town.house.clock.advance(1)


def due(town: Town) -> None:
    town.house.clock.advance(town.breaker.closed_for(town.house.clock()) + 0.001)


def probing(town: Town, acts: Iterator[Callable[[], Fate | None]]) -> None:
    """Each probe does the next of these, and so ends; all else is answered."""
    town.fails = lambda prompt: next(acts, lambda: None)() if prompt == PROBE else None


def arrive(town: Town) -> None:
    """Another worker with another user's line."""
    town.house.deliver(received(town.house))


def test_while_one_probes_nobody_calls(town: Town) -> None:
    """Two come, and are told to wait; a moment later all goes on."""
    opened(town, users=5)
    due(town)
    calls = len(town.house.recorder.calls)

    def meanwhile() -> None:
        arrive(town)
        arrive(town)
        assert (len(town.house.recorder.calls), len(town.probes)) == (calls, probes + 1)

    probes = len(town.probes)
    probing(town, iter([meanwhile]))
    arrive(town)
    assert len(town.house.recorder.calls) == calls + 2, "the prober's own two steps"
    assert not town.breaker.is_open
    ends_well(town)


def test_a_probe_that_outlives_its_lease_decides_nothing(town: Town) -> None:
    """Another prober has closed the breaker meanwhile; that the slow one fails opens nothing."""
    opened(town, users=5)
    due(town)

    def slow() -> Fate:
        town.house.clock.advance(LEASE_SECONDS + 1)
        arrive(town)
        assert not town.breaker.is_open
        return down(PROBE)

    probing(town, iter([slow, lambda: None]))
    arrive(town)
    assert not town.breaker.is_open
    ends_well(town)


def test_a_probe_that_was_answered_late_leaves_the_other_prober_its_verdict(town: Town) -> None:
    opened(town, users=5)
    due(town)

    def slow() -> None:
        town.house.clock.advance(LEASE_SECONDS + 1)
        arrive(town)

    probing(town, iter([slow, lambda: down(PROBE)]))
    arrive(town)
    assert town.breaker.is_open
    town.fails = lambda _prompt: None
    ends_well(town)


def test_a_prober_that_dies_is_waited_for_until_its_lease_is_over(town: Town) -> None:
    opened(town, users=5)
    due(town)

    def die() -> Fate | None:
        raise Crash

    probing(town, iter([die]))
    arrive(town)
    began, probes = town.house.clock.seconds, len(town.probes)
    arrive(town)
    assert (len(town.probes), town.breaker.is_open) == (probes, True)
    for _ in town.house.minutes(3 * MINUTE):
        pass
    assert LEASE_SECONDS <= town.probes[probes] - began <= LEASE_SECONDS + 2 * MINUTE
    town.all_done(20 * MINUTE)
    check(town.house, ended=True)


def test_a_call_that_is_answered_late_closes_nothing(town: Town) -> None:
    """It began before the outage: its line is done, and the breaker stays as it is."""
    town.submits(users=5, lines=1)
    waits = [True]

    def fails(prompt: Prompt) -> Fate | None:
        if prompt == PROBE or not waits:
            return down(prompt)
        waits.pop()
        while not breaker(town.house).is_open:
            town.house.deliver(received(town.house))
            town.house.clock.advance(1)
        town.fails = lambda _prompt: None
        return None

    town.fails = fails
    arrive(town)
    assert [item.status for item in town.items].count(ItemStatus.RUNNING) > 0
    assert town.breaker.is_open
    assert (len(town.probes), town.breaker.failures) == (1, 3)
    ends_well(town)


def test_a_provider_that_hangs_leaves_no_time_to_probe_and_so_the_next_worker_does(town: Town) -> None:
    """Each of its first calls lasts as long as its worker, and is a try; then a probe's twenty seconds are enough."""
    town.submits(users=5, lines=2)
    end = town.house.clock.seconds + 2 * HALF_AN_HOUR

    def hangs(prompt: Prompt) -> Fate | None:
        if town.house.clock.seconds > end:
            return None
        town.house.clock.advance(PROBE_SECONDS if prompt == PROBE else 880)
        return Transient("The provider did not answer.", code="provider_timeout")

    town.fails = hangs
    for _ in town.house.minutes(2 * HALF_AN_HOUR):
        pass
    assert len(town.failed) == 3
    ends_well(town)
    assert town.lost_tries == 3


@pytest.mark.parametrize("fate", [Limited("429", retry_after=40), Limited("429")], ids=["for a time", "no word"])
def test_a_provider_that_limits_the_probe_is_up(town: Town, fate: Limited) -> None:
    """Its breaker closes, and its model is held back."""
    opened(town, users=3)
    due(town)
    calls, now = len(town.house.recorder.calls), town.house.clock()
    probing(town, iter([lambda: fate]))
    arrive(town)
    assert (town.breaker.is_open, len(town.house.recorder.calls)) == (False, calls)
    assert town.breaker.held_for(MODEL.id, now) == fate.retry_after
    ends_well(town)


@pytest.mark.parametrize("ahead", [-30, -3, 3, 30, 600])
def test_clocks_that_differ_cost_probes_and_no_lines(town: Town, ahead: int) -> None:
    """Every other worker's clock goes wrong by so many seconds."""
    town.submits(users=4, lines=5)
    right = town.house.parts
    wrong = replace(right, clock=lambda: right.clock() + ahead * 1000)
    turns = iter(range(10_000))
    deliver = town.house.deliver

    def by_turns(delivery: object) -> bool:
        town.house.parts = wrong if next(turns) % 2 else right
        try:
            return deliver(delivery)  # type: ignore[arg-type]
        finally:
            town.house.parts = right

    town.house.deliver = by_turns  # type: ignore[method-assign]
    town.goes_wrong(HALF_AN_HOUR, down)
    for _ in town.house.minutes(HALF_AN_HOUR):
        assert not any(item.status == ItemStatus.FAILED for item in town.items)
    assert len(town.failed) <= 4
    town.all_done(T_RECOVERY + abs(ahead) + LEASE_SECONDS)
    assert {item.status for item in town.items} == {ItemStatus.DONE}
    check(town.house, ended=True)


def test_a_model_that_writes_no_text_is_probed_by_one_that_does(house: House) -> None:
    """A picture's model may not know what to say, and a picture would be dear."""
    from penstock.domain.models import Catalogue
    from penstock.domain.prompts import ImagePrompt
    from penstock.engine.guard import Guard

    painter = MODEL.model_copy(update={"id": "toy-paints", "features": ("image",)})
    asked: list[str] = []

    def write(model: str, prompt: Prompt, seconds: float) -> object:
        asked.append(model)
        raise down(prompt)

    def make(*_: object) -> object:
        raise Transient("503", code="provider_failed")

    models = Catalogue([painter, MODEL], available=["toy"])
    guard = Guard(replace(house.parts, models=models, write=write, make=make))  # type: ignore[arg-type]
    prompt = ImagePrompt(purpose="picture", description="a sluice")
    for _ in range(2):
        with pytest.raises(Transient):
            guard.make(painter.id, prompt, 100.0)
    with pytest.raises(Limited):
        guard.make(painter.id, prompt, 100.0)
    assert asked == [MODEL.id]
    assert breaker(house).is_open
