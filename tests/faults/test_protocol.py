"""The seventeen ways in which a first draft of the protocol lost, doubled or overcharged: those of sending, pausing,
waking and ending. Those of claims and money are in `test_protocol_items`. Each ends with every invariant checked and
every line terminal; `test_mends` takes each mend out and sees its schedule fail."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.domain.errors import Refused
from penstock.domain.job import PauseReason, Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.claim import Done
from penstock.engine.dispatch import dispatch
from penstock.engine.quota import grant
from tests.clock import Crash
from tests.faults.stalls import advances, begins_a_run, ends_the_job, stall
from tests.faults.steps import LONG, crash, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import CEILING
from tests.views import USER


def test_1_a_stalled_dispatch_does_not_advance_a_later_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(window=1)

    def pause_and_resume() -> None:
        job = next(house.jobs())
        control.pause(house.parts, USER.user, job.job_id)
        house.work(received(house))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("penstock.engine.control.dispatch", lambda *_: None)  # the stream has not brought it yet
            control.resume(house.parts, USER.user, job.job_id)

    stall(house, monkeypatch, advances, pause_and_resume)
    ends_well(house, house.submit(1))


def test_2_a_job_with_open_lines_is_not_finished_by_an_old_look(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(2)
    house.script.at(1, raises(Refused("no")))
    while delivery := house.receive():
        house.work(delivery)
    assert house.job(job_id).remaining == 0

    def another_finishes_it_and_the_user_retries() -> None:
        dispatch(house.parts, USER.user, job_id)
        control.retry(house.parts, USER.user, job_id)

    stall(house, monkeypatch, ends_the_job, another_finishes_it_and_the_user_retries)
    dispatch(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert house.job(job_id).completed == 2


def test_4_a_job_that_can_pay_again_wakes_by_itself(house: House) -> None:
    """Two lanes, money for one ceiling and a half: one lane reserves, the other is short; what settles frees enough."""
    house.limit(plan=Needs(2 * CEILING.tokens - 10, 100))
    job_id = house.submit(2, kind="stages")
    first = received(house)
    seen: list[PauseReason | None] = []

    def other_lane() -> None:
        house.work(received(house))
        seen.append(house.job(job_id).pause_reason)

    house.script.at(0, other_lane)
    house.work(first)
    assert seen == [PauseReason.TOKENS]
    house.follow()
    assert (house.job(job_id).status, house.job(job_id).run) == (Status.PENDING, 2)
    house.run()
    grant(house.parts, USER.user, Needs(tokens=10_000), "")
    ends_well(house, job_id)


def test_4_a_grant_whose_resumes_are_lost_is_made_up_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(plan=Needs(10, 100))
    job_id = house.submit(1)
    house.run()
    assert house.job(job_id).pause_reason == PauseReason.TOKENS
    monkeypatch.setattr("penstock.engine.quota.wake_paused", crash)
    with pytest.raises(Crash):
        grant(house.parts, USER.user, Needs(tokens=1_000), "")
    assert house.job(job_id).status == Status.PAUSED
    house.sweep()
    ends_well(house, job_id)


def test_4_a_grant_between_the_refusal_and_the_pause_is_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(plan=Needs(10, 100))
    job_id = house.submit(1)
    transact, table = house.parts.table.transact, house.parts.table

    def granting(writes: Any, *rest: Any) -> Any:
        refusal = transact(writes, *rest)
        if refusal and refusal.failed[2:] == (True,):
            monkeypatch.setattr(table, "transact", transact)
            grant(house.parts, USER.user, Needs(tokens=1_000), "")
        return refusal

    monkeypatch.setattr(table, "transact", granting)
    verdict = house.work(received(house))
    ends_well(house, job_id)
    assert verdict == Done("settled")


def test_4_a_pause_finds_the_last_line_settled_by_another(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both see the account short; the pause tests the item again."""
    house.limit(plan=Needs(CEILING.tokens, 1))
    job_id = house.submit(1)
    delivery = received(house)
    transact, table = house.parts.table.transact, house.parts.table

    def settled_before(writes: Any, *rest: Any) -> Any:
        monkeypatch.setattr(table, "transact", transact)
        grant(house.parts, USER.user, Needs(tokens=-1), "")
        refusal = transact(writes, *rest)
        grant(house.parts, USER.user, Needs(tokens=1), "")
        house.attempt(delivery)
        return refusal

    monkeypatch.setattr(table, "transact", settled_before)
    verdict = house.work(delivery)
    ends_well(house, job_id)
    assert verdict == Done("the item is settled, or at another stage")


def resume_and_pause(house: House, job_id: str) -> None:
    control.resume(house.parts, USER.user, job_id)
    control.pause(house.parts, USER.user, job_id)


def pause_alone(house: House, job_id: str) -> None:
    control.pause(house.parts, USER.user, job_id)


@pytest.mark.parametrize("act", [resume_and_pause, pause_alone])
def test_5_a_users_pause_is_not_undone_by_a_grant(
    house: House, monkeypatch: pytest.MonkeyPatch, act: Callable[[House, str], None]
) -> None:
    """The grant has read a job that the system paused; now its user does."""
    house.limit(plan=Needs(10, 100))
    job_id = house.submit(1)
    house.run()
    stall(house, monkeypatch, begins_a_run, lambda: act(house, job_id))
    grant(house.parts, USER.user, Needs(tokens=1_000), "")
    assert house.job(job_id).pause_reason == PauseReason.USER
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_10_what_was_lost_comes_back(house: House) -> None:
    job_id = house.submit(6)
    house.queues.purge()
    house.run()
    house.sweep()
    assert house.job(job_id).run == 1, "not before the patience is over"
    house.clock.advance(LONG)
    house.sweep()
    assert house.job(job_id).stalls == house.job(job_id).run - 1
    ends_well(house, job_id)


def pause_and_resume(house: House, job_id: str) -> None:
    control.pause(house.parts, USER.user, job_id)
    control.resume(house.parts, USER.user, job_id)


def test_13_the_next_stage_is_sent_in_the_run_of_now(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    house.script.at(0, lambda: pause_and_resume(house, job_id))
    house.work(received(house))
    ends_well(house, job_id)


def test_14_a_line_that_settles_in_a_later_run_counts_there(house: House) -> None:
    house.limit(window=1)
    job_id = house.submit(2)
    house.script.at(0, lambda: pause_and_resume(house, job_id))
    ends_well(house, job_id)


def test_16_a_finish_step_belongs_to_its_run(house: House) -> None:
    job_id = house.submit(1, kind="book")
    house.script.at(1, lambda: pause_alone(house, job_id))
    house.run()
    assert house.job(job_id).status == Status.PAUSED
    check(house)
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_17_the_window_does_not_drift_when_an_advance_is_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(window=4)
    stall(house, monkeypatch, advances, crash)
    with pytest.raises(Crash):
        house.submit(12)
    job = next(house.jobs())
    house.work(received(house))
    house.work(received(house))
    dispatch(house.parts, USER.user, job.job_id)
    house.follow()
    assert house.queued() <= 4
    assert house.job(job.job_id).sent - house.job(job.job_id).settled <= 4
    ends_well(house, job.job_id)


def test_a_dispatch_that_dies_at_its_end_has_sent_what_it_passed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send, then advance: the other way round, what lies between is lost."""
    update = house.parts.table.update

    def dies_after(write: Any, *rest: Any) -> Any:
        update(write, *rest)
        if advances(write):
            monkeypatch.setattr(house.parts.table, "update", update)
            raise Crash

    monkeypatch.setattr(house.parts.table, "update", dies_after)
    with pytest.raises(Crash):
        house.submit(3)
    ends_well(house, next(house.jobs()).job_id)


def test_a_submission_that_dies_is_dispatched_by_the_stream(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.submit.dispatch", crash)
    with pytest.raises(Crash):
        house.submit(3)
    ends_well(house, next(house.jobs()).job_id)
