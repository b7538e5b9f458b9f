"""The seventeen ways in which a first draft of the protocol lost, doubled or overcharged. Each ends with every
invariant checked and every line terminal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from penstock.domain.errors import Conflict, Limited, NotFound, Refused
from penstock.domain.item import ItemStatus
from penstock.domain.job import Job, PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.domain.quota import Needs
from penstock.engine import control, dispatch
from penstock.engine.claim import Done, Later
from penstock.engine.parts import Parts
from penstock.engine.quota import grant
from penstock.engine.work import work
from tests.faults.steps import LONG, Crash, crash, crash_at, ends_well, lose_all, raises, received
from tests.house import USER, House
from tests.invariants import check
from tests.toys import CEILING, TOY, USED

Action = Callable[[Parts, str, str], Job]


def test_1_a_stalled_dispatch_does_not_advance_a_later_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(window=2)
    sending = house.parts.queues.send

    def stall(priority: str, messages: Any) -> None:
        sending(priority, messages)
        monkeypatch.setattr(house.parts.queues, "send", sending)
        job = next(house.jobs())
        control.pause(house.parts, USER.user, job.job_id)
        house.work(received(house))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("penstock.engine.control.dispatch", lambda *_: None)  # the stream has not brought it yet
            control.resume(house.parts, USER.user, job.job_id)

    monkeypatch.setattr(house.parts.queues, "send", stall)
    ends_well(house, house.submit(2))


def test_2_a_job_with_open_lines_is_not_finished_by_an_old_look(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(2)
    house.script.at(1, raises(Refused("no")))
    while delivery := house.receive():
        house.work(delivery)
    old = house.job(job_id)
    assert old.remaining == 0
    house.follow()
    control.retry(house.parts, USER.user, job_id)
    dispatch._finish(house.parts, old, house.clock())
    assert house.job(job_id).status == Status.PENDING
    ends_well(house, job_id)


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
    assert work(house.parts, delivery.message, lambda: 900.0) == Done("settled")
    house.give_back(delivery)
    ends_well(house, job_id)


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
    assert house.work(received(house)) == Done("settled")
    ends_well(house, job_id)


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
        work(house.parts, delivery.message, lambda: 900.0)
        return refusal

    monkeypatch.setattr(table, "transact", settled_before)
    assert house.work(delivery) == Done("the item is settled, or at another stage")
    ends_well(house, job_id)


def test_5_a_users_pause_is_not_undone_by_an_old_look(house: House) -> None:
    house.limit(plan=Needs(10, 100))
    job_id = house.submit(1)
    house.run()
    old = house.job(job_id)
    control.resume(house.parts, USER.user, job_id)
    control.pause(house.parts, USER.user, job_id)
    grant(house.parts, USER.user, Needs(tokens=1_000), "")
    assert not dispatch._wake(house.parts, old, house.clock())
    assert house.job(job_id).pause_reason == PauseReason.USER


def test_6_a_worker_that_outlived_its_lease_cannot_settle_a_later_stage(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    delivery = received(house)
    late: list[Done | Later] = []

    def overtaken() -> None:
        house.clock.advance(LONG)
        late.append(work(house.parts, delivery.message, lambda: 900.0))

    house.script.at(0, overtaken)
    verdict = work(house.parts, delivery.message, lambda: 900.0)
    assert late == [Done("settled")]
    assert verdict == Later(None, "the item is another worker's now")
    assert house.items(job_id)[0].stage == 1
    house.give_back(delivery)
    ends_well(house, job_id)
    assert house.script.calls == {(0, "first"): 3, (0, "second"): 2}, (
        "the step that the other one stored is not paid again"
    )


def test_6_every_stage_and_every_retry_has_its_own_tries(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    for stage in (0, 1):
        house.script.at(0, *[raises(ConnectionError())] * 2, stage=stage)
    ends_well(house, job_id)


def test_7_a_live_worker_keeps_its_item(house: House) -> None:
    job_id = house.submit(1)
    delivery = received(house)
    verdicts: list[Done | Later] = []

    def second_delivery() -> None:
        house.clock.advance(600)
        verdicts.append(work(house.parts, delivery.message, lambda: 900.0))

    house.script.at(0, second_delivery)
    assert house.work(delivery) == Done("settled")
    assert verdicts == [Later(300.0, "another worker holds the item")]
    ends_well(house, job_id)


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
    assert house.bury(dead) == Done("the job is pending in run 2")
    house.acknowledge(dead)
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
    assert house.bury(dead) == Done("the job is pending in run 2")
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


def test_10_what_was_lost_comes_back(house: House) -> None:
    job_id = house.submit(6)
    lose_all(house)
    house.run()
    assert house.job(job_id).completed == 0
    house.sweep()
    assert house.job(job_id).run == 1, "not before the patience is over"
    house.clock.advance(LONG)
    house.sweep()
    assert (house.job(job_id).run, house.job(job_id).stalls) == (2, 1)
    ends_well(house, job_id)


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
    house.run()
    assert house.parts.records.job(USER.user, job_id) is not None
    house.clock.advance(LONG)
    house.sweep()
    house.run()
    assert house.parts.records.job(USER.user, job_id) is None
    assert house.account().tokens_remaining == 100_000
    check(house)


def test_13_the_next_stage_is_sent_in_the_run_of_now(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    first = received(house)

    def pause_and_resume() -> None:
        control.pause(house.parts, USER.user, job_id)
        control.resume(house.parts, USER.user, job_id)

    house.script.at(0, pause_and_resume)
    house.work(first)
    ends_well(house, job_id)


def test_14_a_line_that_settles_in_a_later_run_counts_there(house: House) -> None:
    house.limit(window=2)
    job_id = house.submit(4)

    def pause_and_resume() -> None:
        control.pause(house.parts, USER.user, job_id)
        control.resume(house.parts, USER.user, job_id)

    house.script.at(0, pause_and_resume)
    ends_well(house, job_id)


def test_15_a_failed_item_was_not_paid_for_and_its_retry_is(house: House) -> None:
    job_id = house.submit(1, kind="stages")
    house.script.at(0, raises(Refused("no")), stage=1)
    house.run()
    assert house.account().tokens_remaining == 100_000
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert house.account().tokens_remaining == 100_000 - 4 * USED.tokens


def test_16_a_finish_step_belongs_to_its_run(house: House) -> None:
    job_id = house.submit(1, kind="book")

    def pause() -> None:
        control.pause(house.parts, USER.user, job_id)

    house.script.at(1, pause)
    house.run()
    assert house.job(job_id).status == Status.PAUSED
    assert house.items(job_id)[1].status == ItemStatus.QUEUED
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_17_the_window_does_not_drift_when_an_advance_is_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(window=4)
    table, update = house.parts.table, house.parts.table.update

    def lose_the_advance(write: Any, *rest: Any) -> Any:
        if "cursor" in write.set:
            monkeypatch.setattr(table, "update", update)
            raise Crash
        return update(write, *rest)

    monkeypatch.setattr(table, "update", lose_the_advance)
    with pytest.raises(Crash):
        house.submit(12)
    job = next(house.jobs())
    house.work(received(house))
    house.work(received(house))
    dispatch.dispatch(house.parts, USER.user, job.job_id)
    house.follow()
    assert house.queued() <= 4
    assert house.job(job.job_id).sent - house.job(job.job_id).settled <= 4
    ends_well(house, job.job_id)


def test_a_submission_that_dies_is_dispatched_by_the_stream(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.submit.dispatch", crash)
    with pytest.raises(Crash):
        house.submit(3)
    ends_well(house, next(house.jobs()).job_id)


def test_used_up_tries_replay_stored_work_and_settle_it(house: House) -> None:
    """Workers that crash in their settle, again and again: the work is stored, and is not thrown away."""
    job_id = house.submit(1)
    for _ in range(5):
        delivery = received(house)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("penstock.engine.work.settle.done", crash)
            with pytest.raises(Crash):
                work(house.parts, delivery.message, lambda: 900.0)
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
