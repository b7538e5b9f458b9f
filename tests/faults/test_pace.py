"""Limits of requests and tokens a minute, over all workers, on the house's clock."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from penstock.domain.item import ItemStatus
from penstock.domain.models import Catalogue, Model
from penstock.domain.pace import tokens
from penstock.domain.prompts import Prompt
from penstock.domain.writes import MinuteOf
from penstock.engine.parts import Identity
from tests.faults.outages import MINUTE, Town
from tests.house import House
from tests.invariants import check
from tests.toys import MODEL

pytestmark = pytest.mark.emulator_only("what is measured is the house's clock")

CALLS = 2  # of a line
PROMPT = Prompt(purpose="first", system="", user="", max_output=50)  # as a toy asks


@pytest.fixture
def town(house: House) -> Town:
    house.limit(plan=replace(house.parts.limits.plan, tokens=1_000_000, articles=10_000))
    return Town(house)


def limited(town: Town, **limits: Any) -> Model:
    model = MODEL.model_copy(update=limits)
    town.house.parts = replace(town.house.parts, models=Catalogue([model], available=[model.provider]))
    return model


def by_minute(town: Town) -> Counter[float]:
    return Counter(call.at / 1000 // MINUTE for call in town.house.recorder.calls)


def at_the_limits_pace(town: Town, users: int, lines: int, limit: int) -> None:
    """Never more calls in a minute than that, and never fewer while lines wait; no try is lost."""
    town.submits(users, lines)
    minutes = users * lines * CALLS / limit
    took = town.all_done((minutes + 2) * MINUTE)
    assert took <= (minutes + 2) * MINUTE
    made = by_minute(town)
    assert max(made.values()) == limit
    assert all(made[minute] == limit for minute in sorted(made)[:-1])
    assert {item.tries for item in town.items} == {1}
    assert {item.status for item in town.items} == {ItemStatus.DONE}
    check(town.house, ended=True)


@pytest.mark.parametrize("lines", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_a_batch_goes_at_the_pace_of_ten_requests_a_minute(town: Town, lines: int) -> None:
    limited(town, requests_per_minute=10)
    at_the_limits_pace(town, 1, lines, 10)


def test_users_share_the_minute(town: Town) -> None:
    """Some of them find it full three times in a row, and their jobs wait for a minute: that is no failure."""
    limited(town, requests_per_minute=10)
    at_the_limits_pace(town, 8, 10, 10)


def test_tokens_are_counted_before_the_call_by_what_it_may_use(town: Town) -> None:
    """Fifty of output, and a third of the prompt's bytes: none here."""
    limited(town, tokens_per_minute=500)
    at_the_limits_pace(town, 2, 20, 500 // tokens(PROMPT))


def test_a_call_that_is_larger_than_the_limit_has_a_minute_of_its_own(town: Town) -> None:
    limited(town, tokens_per_minute=10, requests_per_minute=100)
    at_the_limits_pace(town, 1, 3, 1)


def test_what_one_model_may_be_asked_is_not_another_ones(town: Town) -> None:
    limited(town, requests_per_minute=10)
    at_the_limits_pace(town, 1, 5, 10)
    limited(town, id="toy-2", aliases=(MODEL.id,), requests_per_minute=1_000)
    who = Identity("user-z", "zoe")
    began, job_id = town.house.clock.seconds, town.house.submit(20, who=who)
    town.house.run(until=began + 1)
    assert town.house.job(job_id, who.user).completed == 20


def test_the_count_is_forgotten_after_an_hour(town: Town) -> None:
    model = limited(town, requests_per_minute=10)
    minute = town.house.clock() // 60_000
    town.submits(1, 2)
    town.house.run(until=town.house.clock.seconds + 1)
    row = town.house.parts.table.get(MinuteOf(model.id, minute))
    assert row
    assert (row["requests"], row["ttl"]) == (2 * CALLS, (minute + 1) * 60 + 3600)


def test_without_a_limit_nothing_is_counted(town: Town) -> None:
    town.submits(1, 2)
    town.house.run()
    assert town.house.parts.table.get(MinuteOf(MODEL.id, town.house.clock() // 60_000)) is None
