"""Tries, a job's time and a provider's patience have limits. What was done within them is not thrown away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from penstock.domain.errors import Conflict, Limited, NotFound
from penstock.domain.job import PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.engine import control
from penstock.engine.work import BACKOFF_SECONDS
from tests.clock import Crash
from tests.faults.steps import LONG, crash, crash_at, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import TOY
from tests.views import USER


def test_used_up_tries_replay_stored_work_and_settle_it(house: House) -> None:
    """Workers that crash in their settle, again and again: the work is stored, and is not thrown away."""
    job_id = house.submit(1)
    for _ in range(5):
        delivery = received(house)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("penstock.engine.work.settle.done", crash)
            with pytest.raises(Crash):
                house.attempt(delivery)
        house.give_back(delivery)
        house.clock.advance(LONG)
    ends_well(house, job_id)
    assert set(house.script.calls.values()) == {1}


def test_used_up_tries_fail_at_the_first_step_that_is_not_stored(house: House) -> None:
    job_id = house.submit(1)
    for _ in range(3):
        crash_at(house)
        house.clock.advance(LONG)
    ends_well(house, job_id, Status.FAILED)
    error = house.items(job_id)[0].error
    assert error is not None
    assert error["code"] == "tries_used_up"
    assert house.script.calls[(0, "first")] == 3


def test_a_job_past_its_deadline_fails_and_leaves_no_reservation(house: House) -> None:
    house.parts = replace(house.parts, kinds=Kinds([replace(TOY, lifetime=timedelta(minutes=10))]))
    job_id = house.submit(3)
    crash_at(house)
    house.clock.advance(LONG)
    house.run()
    house.sweep()
    job = house.job(job_id)
    assert (job.status, job.error_message, job.running) == (Status.FAILED, "The job's time limit passed.", 0)
    check(house)
    with pytest.raises(Conflict, match="Nothing in this job failed"):
        control.retry(house.parts, USER.user, job_id)
    control.delete(house.parts, USER.user, job_id)
    with pytest.raises(NotFound):
        control.delete(house.parts, USER.user, job_id)


def test_after_its_deadline_no_line_of_a_job_is_begun(house: House) -> None:
    """Though nobody has noticed yet that it passed."""
    house.parts = replace(house.parts, kinds=Kinds([replace(TOY, lifetime=timedelta(minutes=10))]))
    job_id = house.submit(1)
    house.follow()
    house.clock.advance(LONG)
    house.work(received(house))
    assert not house.script.calls
    house.sweep()
    ends_well(house, job_id, Status.FAILED)


def test_a_hiccup_costs_seconds_not_the_rest_of_the_lease(house: House) -> None:
    job_id = house.submit(1)
    house.script.at(0, raises(ConnectionError()))
    begin = house.clock.seconds
    ends_well(house, job_id)
    assert house.clock.seconds - begin < 2 * max(BACKOFF_SECONDS)


def test_a_limited_provider_uses_up_no_try_and_pauses_the_job(house: House) -> None:
    job_id = house.submit(2)
    house.script.at(0, *[raises(Limited("429", retry_after=1.0))] * 3)
    house.run()
    job = house.job(job_id)
    assert (job.status, job.pause_reason) == (Status.PAUSED, PauseReason.PROVIDER)
    assert house.items(job_id)[0].tries == 0
    check(house)
    house.sweep()
    assert house.job(job_id).status == Status.PAUSED
    house.clock.advance(61)
    house.sweep()
    ends_well(house, job_id)
