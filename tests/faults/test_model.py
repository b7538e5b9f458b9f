"""The real code taken along the model's ways: after each step both must say the same. And the model itself, to the end
of small worlds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import Emulator
from penstock.domain.quota import Needs
from penstock.engine.settle import Settlement
from tests.faults.edits import copy
from tests.faults.mends import MENDS, Mend
from tests.faults.nursery import Nursery
from tests.house import House
from tests.model import dispatching
from tests.model.conditions import Answer
from tests.model.doors import Doors
from tests.model.exploring import explore
from tests.model.scenarios import SCENARIOS, SELDOM, SHOWN_IN, SMALL
from tests.model.state import Scenario, State
from tests.model.walking import Lockstep, way_to, ways

SEEDS = range(4)
STARVES = "more counts as under way than is open below the cursor: the window can starve"


@pytest.fixture(scope="module")
def lockstep() -> Iterator[Lockstep]:
    """One house for all: each way has a user of its own."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with Emulator(port=None), House() as house, Doors(house) as doors:
            yield Lockstep(house, doors)


def drive(lockstep: Lockstep, scenario: Scenario, seed: int, walks: int, steps: int) -> None:
    driven = lockstep.steps
    for way in ways(scenario, seed, walks, steps):
        lockstep.drive(way)
    assert lockstep.steps > driven


@pytest.mark.parametrize("name", SCENARIOS)
def test_model_and_code_stay_one(lockstep: Lockstep, name: str) -> None:
    drive(lockstep, SCENARIOS[name], 0, walks=30, steps=40)


@pytest.mark.parametrize("what", SELDOM)
def test_they_stay_one_where_few_walks_lead(lockstep: Lockstep, what: str) -> None:
    way = way_to(SCENARIOS[SELDOM[what]], what)
    assert way.steps[-1].what == what
    lockstep.drive(way)


def test_another_code_is_told_from_the_model(lockstep: Lockstep, monkeypatch: pytest.MonkeyPatch) -> None:
    gets = Settlement.account_gets
    monkeypatch.setattr(Settlement, "account_gets", lambda self, amount, *rest: gets(self, amount + Needs(1), *rest))
    way = way_to(SCENARIOS["pause"], "worker settles as done")
    with pytest.raises(AssertionError, match=r"(?s)part ways.*settles as done.*balance: really 99, in the model 98"):
        lockstep.drive(way)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_they_stay_one_on_many_more_ways(lockstep: Lockstep, name: str, seed: int) -> None:
    drive(lockstep, SCENARIOS[name], seed + 1, walks=400, steps=800)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.mark.long
@pytest.mark.parametrize("mend", MENDS, ids=str)
def test_without_a_mend_the_code_leaves_the_model(mend: Mend, nursery: Nursery, tmp_path: Path) -> None:
    tests = [f"{__file__}::test_they_stay_one_on_many_more_ways[{name}-0]" for name in SHOWN_IN[mend.number]]
    tests.append(f"{__file__}::{test_they_stay_one_where_few_walks_lead.__name__}")
    verdict = nursery.judge(copy(tmp_path / "copy", mend.edits), tests)
    assert verdict.broken == ""
    assert (verdict.red, verdict.error) == (True, "AssertionError"), verdict
    assert "part ways" in verdict.text


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_every_state_of_a_small_world_is_sound(name: str) -> None:
    found = explore(SMALL[name])
    assert (found.wrong, found.trace) == ("", ())
    assert found.states > 1_000


@pytest.mark.long
def test_a_model_without_a_mend_is_found_unsound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of the seventeen mistakes: the advance does not test the run."""
    fitting = dispatching.advance

    def advance(state: State, pid: int, asked: str) -> Answer:
        me = state.processes[pid]
        state.processes[pid] = me._replace(seen=(state.jobs[me.job].run, *me.seen[1:]))
        return fitting(state, pid, asked)

    monkeypatch.setitem(dispatching.CALLS, "advance", advance)
    found = explore(SMALL["pause"])
    assert found.wrong in (STARVES, "stuck: the system alone comes to no good end")
    assert "the user's resume" in found.trace
