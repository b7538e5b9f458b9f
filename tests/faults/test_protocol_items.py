"""The seventeen ways in which a first draft of the protocol lost, doubled or overcharged: those of claims, settles,
retries, dead letters and of what is given back. The others are in `test_protocol`."""

from collections.abc import Callable

import pytest

from penstock.domain.errors import NotFound, Refused
from penstock.domain.job import Job, Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.claim import Done, Later
from penstock.engine.parts import Parts
from tests.faults.stalls import fails_an_item, stall
from tests.faults.steps import LONG, crash_at, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import CEILING, USED
from tests.views import USER

Action = Callable[[Parts, str, str], Job]


def test_3_a_job_does_not_pause_for_want_of_its_own_reservation(house: House) -> None:
    house.limit(plan=Needs(CEILING.tokens, 1))
    job_id = house.submit(1)
    crash_at(house)
    house.clock.advance(LONG)
    ends_well(house, job_id)


def test_3_nor_because_of_a_duplicate_of_the_line_that_used_the_last_tokens(house: House) -> None:
    house.limit(plan=Needs(CEILING.tokens, 1))
    job_id = house.submit(1)
    delivery = received(house)
    assert house.attempt(delivery) == Done("settled")
    house.give_back(delivery)
    house.work(received(house))  # before the stream has brought that nothing is open any more
    ends_well(house, job_id)


def test_6_a_worker_that_outlived_its_lease_cannot_settle_a_later_stage(house: House) -> None:
    """A is slow; B takes over and settles the stage; C claims the next one, and A comes to its end."""
    job_id = house.submit(1, kind="stages")
    verdicts: list[Done | Later] = []

    def overtaken() -> None:
        house.clock.advance(LONG)
        second = received(house)
        verdicts.append(house.work(second))
        house.follow()
        crash_at(house, stage=1)

    house.script.at(0, overtaken)
    verdicts.append(house.attempt(received(house)))
    check(house)
    house.clock.advance(LONG)
    ends_well(house, job_id)
    assert house.job(job_id).tokens_used == 4 * USED.tokens
    assert [type(verdict) for verdict in verdicts] == [Done, Later]
    assert house.script.calls == {(0, "first"): 4, (0, "second"): 2}, "what another one stored is not paid for again"


def test_6_a_worker_that_outlived_its_lease_cannot_settle_the_stage_that_another_is_at(house: House) -> None:
    """As above, but A comes to its end while B is at the same stage."""
    job_id = house.submit(1)

    def overtaken() -> None:
        house.clock.advance(LONG)
        crash_at(house)

    house.script.at(0, overtaken)
    assert isinstance(house.attempt(received(house)), Later)
    check(house)
    house.clock.advance(LONG)
    ends_well(house, job_id)


def test_6_every_stage_has_its_own_tries(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    for stage in (0, 1):
        house.script.at(0, *[raises(ConnectionError())] * 2, stage=stage)
    ends_well(house, job_id)


def test_6_every_retry_has_its_own_tries(house: House) -> None:
    job_id = house.submit(1)
    house.script.at(0, *[raises(ConnectionError())] * 5)
    house.run()
    assert house.job(job_id).status == Status.FAILED
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_7_a_live_worker_keeps_its_item(house: House) -> None:
    job_id = house.submit(1)
    delivery = received(house)
    verdicts: list[Done | Later] = []

    def second_delivery() -> None:
        house.clock.advance(600)
        verdicts.append(house.attempt(delivery))

    house.script.at(0, second_delivery)
    verdicts.append(house.work(delivery))
    ends_well(house, job_id)
    assert verdicts == [Later(300.0, "another worker holds the item"), Done("settled")]


def test_8_pause_and_resume_does_not_reopen_failed_lines(house: House) -> None:
    """Nor are they sent again: messages that nobody may claim would fill the window for ever."""
    house.limit(window=2)
    job_id = house.submit(5)
    for line in range(3):
        house.script.at(line, raises(Refused("no")))
    for _ in range(3):
        house.work(received(house))
        house.follow()
    control.pause(house.parts, USER.user, job_id)
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert (house.job(job_id).completed, house.job(job_id).failed) == (2, 3)
    assert house.script.calls[(0, "first")] == 1


def test_8_nor_does_it_after_a_retry(house: House) -> None:
    """A line that failed again in the retried run is not open in the run after it."""
    job_id = house.submit(3)
    house.script.at(0, *[raises(Refused("no"))] * 2)
    house.script.at(1, raises(Refused("no")))
    house.run()
    control.retry(house.parts, USER.user, job_id)
    house.work(received(house))
    control.pause(house.parts, USER.user, job_id)
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert (house.job(job_id).completed, house.job(job_id).failed) == (2, 1)
    assert house.script.calls[(0, "first")] == 2


def test_9_a_dead_letter_of_a_past_run_does_not_fail_a_line_of_this_one(house: House) -> None:
    job_id = house.submit(2)
    dead = received(house)
    control.pause(house.parts, USER.user, job_id)
    control.resume(house.parts, USER.user, job_id)
    house.bury(dead)
    house.acknowledge(dead)
    ends_well(house, job_id)
    assert house.job(job_id).completed == 2


def test_9_nor_if_the_run_changes_while_it_is_judged(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(2)
    dead = received(house)
    house.acknowledge(dead)

    def pause_and_resume() -> None:
        control.pause(house.parts, USER.user, job_id)
        control.resume(house.parts, USER.user, job_id)

    stall(house, monkeypatch, fails_an_item, pause_and_resume)
    house.bury(dead)
    ends_well(house, job_id)
    assert house.job(job_id).completed == 2


def test_9_a_dead_letter_twice_fails_its_line_once(house: House) -> None:
    job_id = house.submit(2)
    dead = received(house)
    house.acknowledge(dead)
    assert house.bury(dead) == Done("failed")
    assert house.bury(dead) == Done("the item is settled, or at another stage")
    house.run()
    control.retry(house.parts, USER.user, job_id)
    house.bury(dead)
    ends_well(house, job_id)
    assert house.job(job_id).completed == 2


def test_9_a_dead_letter_waits_for_a_live_worker_and_gives_back_what_a_dead_one_held(house: House) -> None:
    job_id = house.submit(1)
    dead = crash_at(house)
    assert house.bury(dead) == Later(None, "a worker still holds the item")
    house.clock.advance(LONG)
    house.acknowledge(received(house))
    assert house.bury(dead) == Done("failed")
    assert house.account().tokens_remaining == 100_000
    ends_well(house, job_id, Status.FAILED)


@pytest.mark.parametrize("action", [control.pause, control.cancel])
def test_11_a_reservation_in_a_job_that_stands_still_goes_back(house: House, action: Action) -> None:
    job_id = house.submit(1)
    crash_at(house)
    house.acknowledge(received(house))  # the message is lost
    action(house.parts, USER.user, job_id)
    house.sweep()
    assert house.account().tokens_remaining < 100_000
    house.clock.advance(LONG)
    house.sweep()
    assert house.account().tokens_remaining == 100_000
    assert house.job(job_id).running == 0
    check(house)
    house.sweep()
    assert house.job(job_id).watch is None


def test_12_delete_does_not_destroy_a_reservation(house: House) -> None:
    job_id = house.submit(1)
    crash_at(house)
    house.acknowledge(received(house))
    control.cancel(house.parts, USER.user, job_id)
    control.delete(house.parts, USER.user, job_id)
    with pytest.raises(NotFound):
        control.delete(house.parts, USER.user, job_id)
    house.run()
    check(house)
    assert house.parts.records.job(USER.user, job_id) is not None
    house.clock.advance(LONG)
    house.sweep()
    house.run()
    assert house.parts.records.job(USER.user, job_id) is None
    assert house.account().tokens_remaining == 100_000
    check(house)


def test_15_a_failed_item_was_not_paid_for_and_its_retry_is(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    house.script.at(0, raises(Refused("no")), stage=1)
    house.run()
    assert house.account().tokens_remaining == 100_000, "earlier stages are given back"
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert house.account().tokens_remaining == 100_000 - 4 * USED.tokens, "every stage is charged"
