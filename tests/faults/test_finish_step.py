"""The finish step of a kind that has one: an item outside the counters, which crashes, dies and is retried like any
other."""

from penstock.domain.errors import Refused
from penstock.domain.job import Status
from penstock.domain.quota import Usage
from penstock.engine import control
from penstock.engine.claim import Done
from tests.faults.steps import LONG, crash_at, ends_well, pass_time, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import USED
from tests.views import USER


def only_the_finish_is_left(house: House) -> str:
    job_id = house.submit(1, kind="book")
    house.work(received(house))
    house.follow()
    return job_id


def test_its_worker_crashed_and_its_message_is_lost(house: House) -> None:
    job_id = only_the_finish_is_left(house)
    crash_at(house, line=1)
    house.acknowledge(received(house))
    pass_time(house)
    ends_well(house, job_id)


def test_the_same_and_the_job_was_paused_and_resumed(house: House) -> None:
    job_id = only_the_finish_is_left(house)
    crash_at(house, line=1)
    control.pause(house.parts, USER.user, job_id)
    house.acknowledge(received(house))
    control.resume(house.parts, USER.user, job_id)
    pass_time(house)
    ends_well(house, job_id)


def test_its_release_from_a_cancelled_job_counts_as_no_line(house: House) -> None:
    job_id = only_the_finish_is_left(house)
    crash_at(house, line=1)
    control.cancel(house.parts, USER.user, job_id)
    house.clock.advance(LONG)
    house.run()
    house.sweep()
    job = house.job(job_id)
    assert (job.completed, job.cancelled, job.remaining, job.running) == (1, 0, 0, 0)
    check(house)


def test_dead_before_anybody_claimed_it_it_can_be_retried(house: House) -> None:
    job_id = only_the_finish_is_left(house)
    dead = received(house)
    house.acknowledge(dead)
    assert house.bury(dead) == Done("finish failed")
    assert house.job(job_id).finish_failed
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_after_a_retry_of_lines_it_is_done_anew(house: House) -> None:
    """The book of the first run lacks the line that failed then."""
    job_id = house.submit(2, kind="book")
    house.script.at(1, raises(Refused("no")))
    house.run()
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert house.script.calls[(2, "book")] == 2


def test_its_bill_is_the_jobs_and_nobodys_charge(house: House) -> None:
    job_id = house.submit(1, kind="book")
    ends_well(house, job_id)
    job = house.job(job_id)
    assert (job.cost, job.tokens_used) == (3 * USED.cost, 2 * USED.tokens)


def test_it_does_not_wait_for_a_budget_that_the_lines_overdrew(house: House) -> None:
    house.script.usage = Usage(input=10, output=20, calls=1, cost=150)
    job_id = house.submit(1, kind="book", budget=200)
    ends_well(house, job_id, Status.COMPLETED)
    assert house.job(job_id).budget_left == 200 - 3 * 150
