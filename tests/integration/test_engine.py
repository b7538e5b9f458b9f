"""The engine's straight path and its controls, on the template's own resources."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from penstock.domain.errors import Conflict, Invalid, NotFound, Refused, Stopped
from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.claim import Done, Later
from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity, Parts
from penstock.engine.quota import close_account, grant
from penstock.engine.submit import submit
from tests.faults.saboteur import Saboteur
from tests.faults.steps import raises
from tests.house import House
from tests.invariants import check
from tests.toys import CEILING, USED, ToyRequest
from tests.views import USER


def test_a_job_runs_to_its_end_and_is_charged_once_a_line(house: House) -> None:
    job_id = house.submit(10)
    assert house.run() == 10
    job, account = house.job(job_id), house.account()
    assert (job.status, job.completed, job.remaining) == (Status.COMPLETED, 10, 0)
    assert job.tokens_used == 10 * 2 * USED.tokens
    assert job.cost == 10 * 2 * USED.cost
    assert account.tokens_remaining == 100_000 - job.tokens_used
    assert account.articles_remaining == 1_000 - 10
    assert set(house.script.calls.values()) == {1}
    check(house)


def test_the_straight_path_is_two_writes_an_item(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.submit(1)
    delivery = house.receive()
    assert delivery
    saboteur = Saboteur(house)
    house.work(delivery)
    step, claim_or_settle = ["get_item", "write", "put_object"], ["transact_write_items"]  # the breaker is looked at
    assert saboteur.calls == [*claim_or_settle, *step, *step, "put_object", *claim_or_settle]


def test_never_more_than_a_window_is_queued(house: House) -> None:
    house.submit(50)
    most = house.queued()
    while True:
        house.follow()
        most = max(most, house.queued())
        delivery = house.receive()
        if not delivery:
            break
        house.work(delivery)
    assert most == house.parts.limits.window


def test_one_user_has_one_item_at_a_time_another_user_is_not_kept_waiting(house: House) -> None:
    house.submit(5)
    house.submit(5, who=Identity("user-b"))
    users = sorted(delivery.message.user for delivery in house.receive_all())
    assert users == ["user-a", "user-b"]


def test_jobs_of_a_user_take_turns(house: House) -> None:
    first, second = house.submit(3), house.submit(2)
    assert house.job(second).sent == 0
    house.run()
    assert house.job(first).status == house.job(second).status == Status.COMPLETED
    assert house.job(first).completed_at is not None
    check(house)


def test_a_paused_job_lets_the_next_one_go(house: House) -> None:
    first, second = house.submit(3), house.submit(2)
    control.pause(house.parts, USER.user, first)
    house.run()
    assert house.job(second).status == Status.COMPLETED
    control.resume(house.parts, USER.user, first)
    house.run()
    assert house.job(first).status == Status.COMPLETED
    check(house)


def test_resume_within_seconds_loses_nothing(house: House) -> None:
    """The messages of the run before are still in the queue, and their dedup ids remembered."""
    job_id = house.submit(6)
    delivery = house.receive()
    assert delivery
    house.work(delivery)
    control.pause(house.parts, USER.user, job_id)
    control.resume(house.parts, USER.user, job_id)
    house.run()
    assert house.job(job_id).completed == 6
    assert house.job(job_id).run == 2
    assert set(house.script.calls.values()) == {1}
    check(house)


def test_pause_during_an_item_lets_it_settle(house: House) -> None:
    job_id = house.submit(3)
    house.script.at(0, lambda: control.pause(house.parts, USER.user, job_id))
    house.run()
    job = house.job(job_id)
    assert (job.status, job.pause_reason, job.completed, job.running) == (Status.PAUSED, PauseReason.USER, 1, 0)
    check(house)


def test_cancel_during_an_item_charges_what_was_done(house: House) -> None:
    job_id = house.submit(3)
    house.script.at(0, lambda: control.cancel(house.parts, USER.user, job_id))
    house.run()
    job = house.job(job_id)
    assert (job.status, job.completed, job.remaining, job.running) == (Status.CANCELLED, 1, 2, 0)
    check(house)


def test_a_slow_item_of_a_cancelled_job_stops_and_is_not_charged(house: House) -> None:
    job_id = house.submit(1)
    seconds = iter([900.0] * 5 + [400.0] * 50)
    house.script.at(0, lambda: control.cancel(house.parts, USER.user, job_id))
    delivery = house.receive()
    assert delivery
    house.work(delivery, lambda: next(seconds))
    job = house.job(job_id)
    assert (job.cancelled, job.tokens_used, job.remaining) == (1, 0, 0)
    assert house.account().tokens_remaining == 100_000
    check(house)


def test_a_refused_line_fails_at_once_and_is_not_charged(house: House) -> None:
    job_id = house.submit(3)
    house.script.at(1, raises(Refused("The prompt was refused.")))
    house.run()
    job = house.job(job_id)
    assert (job.status, job.completed, job.failed) == (Status.COMPLETED, 2, 1)
    assert house.account().articles_remaining == 998
    failed = house.items(job_id)[1]
    assert failed.error == {"code": "refused", "message": "The prompt was refused."}
    assert "not_charged" in {row["type"] for row in house.ledger()}
    check(house)


def test_a_job_of_which_everything_failed_has_failed(house: House) -> None:
    job_id = house.submit(2)
    for line in range(2):
        house.script.at(line, raises(Refused("no")))
    house.run()
    job = house.job(job_id)
    assert (job.status, job.error_message) == (Status.FAILED, "Every line failed: see the items for the reasons.")


def test_retry_runs_the_failed_lines_alone_and_replays_their_stored_steps(house: House) -> None:
    job_id = house.submit(4)
    house.script.at(2, lambda: None, raises(Refused("no")))  # first step stored, second refused
    house.run()
    control.retry(house.parts, USER.user, job_id)
    assert house.job(job_id).remaining == 1
    house.run()
    job = house.job(job_id)
    assert (job.status, job.completed, job.failed, job.run) == (Status.COMPLETED, 4, 0, 2)
    assert house.script.calls[(2, "first")] == 1
    assert house.script.calls[(2, "second")] == 2
    assert job.tokens_used == 4 * 2 * USED.tokens, "a replayed step charges what it cost"
    assert job.cost == 4 * 2 * USED.cost, "a provider's bill is booked once"
    check(house)


def test_a_transient_failure_is_tried_three_times(house: House) -> None:
    job_id = house.submit(1)
    house.script.at(0, *[raises(ConnectionError("lost"))] * 5)
    house.run()
    job = house.job(job_id)
    assert (job.status, job.failed) == (Status.FAILED, 1)
    assert house.script.calls[(0, "first")] == 3
    check(house)


def test_two_transient_failures_are_survived(house: House) -> None:
    job_id = house.submit(1)
    house.script.at(0, *[raises(ConnectionError("lost"))] * 2)
    house.run()
    assert house.job(job_id).completed == 1
    check(house)


@pytest.mark.parametrize(
    ("plan", "reason", "text"),
    [
        (Needs(2 * 2 * USED.tokens + CEILING.tokens - 1, 99), PauseReason.TOKENS, "Out of tokens at line 3/5"),
        (Needs(100_000, 1), PauseReason.ARTICLE_LIMIT, "Article limit reached at line 2/5"),
    ],
)
def test_out_of_quota_pauses_and_a_grant_resumes(house: House, plan: Needs, reason: PauseReason, text: str) -> None:
    house.limit(plan=plan)
    job_id = house.submit(5)
    house.run()
    job = house.job(job_id)
    assert (job.status, job.pause_reason, job.error_message) == (Status.PAUSED, reason, text)
    assert job.pause_needs == {"tokens": CEILING.tokens, "articles": 1, "cost": CEILING.cost}
    assert job.pause_available is not None
    check(house)
    grant(house.parts, "ann", Needs(10_000, 10), "for the test")
    assert house.job(job_id).status == Status.PENDING
    house.run()
    assert house.job(job_id).completed == 5
    check(house)


def test_a_budget_pauses_and_raising_it_resumes(house: House) -> None:
    job_id = house.submit(5, budget=2 * 2 * USED.cost + CEILING.cost)
    house.run()
    job = house.job(job_id)
    assert (job.status, job.pause_reason, job.error_message) == (
        Status.PAUSED,
        PauseReason.BUDGET,
        "Budget reached at line 4/5",
    )
    with pytest.raises(Conflict, match="spent or reserved 240"):
        control.edit(house.parts, USER.user, job_id, budget=100)
    control.edit(house.parts, USER.user, job_id, budget=10_000)
    house.run()
    job = house.job(job_id)
    assert (job.status, job.cost, job.budget_left) == (Status.COMPLETED, 400, 9_600)
    check(house)


def test_pausing_what_the_system_paused_makes_the_user_the_reason(house: House) -> None:
    house.limit(plan=Needs(100_000, 0))
    job_id = house.submit(1)
    house.run()
    control.pause(house.parts, USER.user, job_id)
    grant(house.parts, USER.user, Needs(0, 5), "")
    house.run()
    assert house.job(job_id).pause_reason == PauseReason.USER


def test_a_grant_counts_once_and_never_goes_below_zero(house: House) -> None:
    house.submit(1)
    house.run()
    once = Once("key", "hash")
    for _ in range(2):
        grant(house.parts, USER.user, Needs(50, 0), "twice", once)
    assert house.account().tokens_granted == 100_050
    with pytest.raises(Conflict, match="below zero"):
        grant(house.parts, USER.user, Needs(-1_000_000, 0), "too much")
    with pytest.raises(NotFound):
        grant(house.parts, "nobody", Needs(1, 1), "")
    check(house)


def test_the_same_submission_twice_is_one_job(house: House) -> None:
    request, once = ToyRequest.model_validate({"lines": 2}), Once("key", "hash")
    first = submit(house.parts, USER, request, once)
    assert submit(house.parts, USER, request, once) == first
    with pytest.raises(Invalid, match="Idempotency-Key"):
        submit(house.parts, USER, request, Once("key", "other"))
    house.clock.advance(25 * 3600)
    assert submit(house.parts, USER, request, once) != first


def test_delete_leaves_the_articles_and_nothing_else(house: House) -> None:
    job_id = house.submit(2)
    with pytest.raises(Conflict, match="pending"):
        control.delete(house.parts, USER.user, job_id)
    house.run()
    control.delete(house.parts, USER.user, job_id)
    house.run()
    assert house.parts.records.job(USER.user, job_id) is None
    assert house.items(job_id) == []
    assert house.parts.records.settings(job_id) is None
    assert house.parts.files.load_step(job_id, 0, 0, "first") is None
    assert house.product(f"{job_id}-000001")
    with pytest.raises(NotFound):
        control.resume(house.parts, USER.user, job_id)


def test_delete_waits_for_what_still_runs(house: House) -> None:
    """A reservation must not vanish with its item."""
    job_id = house.submit(2)

    def cancel_and_delete() -> None:
        control.cancel(house.parts, USER.user, job_id)
        control.delete(house.parts, USER.user, job_id)
        house.follow()

    house.script.at(0, cancel_and_delete)
    delivery = house.receive()
    assert delivery
    assert house.work(delivery) == Done("settled")
    house.run()
    assert house.parts.records.job(USER.user, job_id) is None
    assert house.account().tokens_remaining == 100_000 - 2 * USED.tokens


@pytest.mark.parametrize(
    ("action", "status"),
    [(control.resume, "pending"), (control.retry, "pending"), (control.delete, "pending")],
)
def test_an_illegal_action_names_the_present_status(
    house: House, action: Callable[[Parts, str, str], object], status: str
) -> None:
    job_id = house.submit(1)
    with pytest.raises(Conflict, match=status):
        action(house.parts, USER.user, job_id)
    with pytest.raises(NotFound):
        action(house.parts, "user-b", job_id)


def test_stages_follow_each_other_and_a_failure_refunds_all_of_them(house: House) -> None:
    job_id = house.submit(4, kind="stages")
    house.script.at(1, raises(Refused("no")), stage=1)
    house.run()
    job, items = house.job(job_id), house.items(job_id)
    assert (job.completed, job.failed) == (3, 1)
    assert [item.charged_tokens for item in items] == [4 * USED.tokens, 0, 4 * USED.tokens, 4 * USED.tokens]
    assert "refund" in {row["type"] for row in house.ledger()}
    check(house)
    control.retry(house.parts, USER.user, job_id)
    house.run()
    assert house.job(job_id).completed == 4
    assert house.script.calls[(1, "first")] == 1 + 2, "stage 0 replays, stage 1 is called again"
    check(house)


def test_the_finish_step_ends_the_job(house: House) -> None:
    job_id = house.submit(3, kind="book")
    house.run()
    assert house.job(job_id).status == Status.COMPLETED
    assert house.script.calls[(3, "book")] == 1
    check(house)


def test_a_failed_finish_step_fails_the_job_and_can_be_retried(house: House) -> None:
    job_id = house.submit(2, kind="book")
    house.script.at(2, raises(Refused("no room")))
    house.run()
    job = house.job(job_id)
    assert (job.status, job.finish_failed, job.error_message) == (Status.FAILED, True, "The last step failed: no room")
    control.retry(house.parts, USER.user, job_id)
    house.run()
    assert house.job(job_id).status == Status.COMPLETED
    assert house.script.calls[(0, "first")] == 1
    check(house)


def test_a_finish_step_that_meets_a_pause_is_done_again(house: House) -> None:
    job_id = house.submit(1, kind="book")
    house.script.at(1, lambda: control.pause(house.parts, USER.user, job_id))
    house.run()
    assert house.job(job_id).status == Status.PAUSED
    control.resume(house.parts, USER.user, job_id)
    house.run()
    assert house.job(job_id).status == Status.COMPLETED
    assert house.script.calls[(1, "book")] == 1, "its stored step replays"
    check(house)


def test_priorities_have_their_own_queues(house: House) -> None:
    house.submit(1, priority="low")
    house.submit(1, priority="high")
    assert [house.queued(name) for name in ("high", "normal", "low")] == [1, 0, 1]
    assert house.run() == 2


def test_closing_an_account_removes_everything_and_is_no_way_to_a_new_plan(house: House) -> None:
    job_id = house.submit(2)
    house.run()
    house.submit(3)
    close_account(house.parts, USER.user)
    house.run()
    assert house.parts.records.job(USER.user, job_id) is None
    assert house.items(job_id) == []
    assert house.product(f"{job_id}-000000") is None
    assert house.account().tokens_remaining == 0
    assert house.queued() == 0


def test_a_message_too_large_to_carry_its_input_has_it_read(house: House) -> None:
    job_id = house.submit(1)
    delivery = house.receive()
    assert delivery
    bare = delivery.message.model_copy(update={"input": None, "settings": None})
    assert isinstance(house.work(replace(delivery, message=bare)), Done)
    assert house.job(job_id).completed == 1


def test_an_item_that_another_worker_holds_comes_back_when_its_lease_ends(house: House) -> None:
    house.submit(1)
    delivery = house.receive()
    assert delivery
    verdicts: list[Done | Later] = []
    house.script.at(0, lambda: verdicts.append(house.attempt(delivery)))
    house.work(delivery)
    assert verdicts == [Later(900.0, "another worker holds the item")]
    check(house)


def test_stopped_counts_as_cancelled(house: House) -> None:
    job_id = house.submit(2)
    house.script.at(0, raises(Stopped("cancelled")))
    house.run()
    assert house.items(job_id)[0].status == ItemStatus.CANCELLED
    check(house)
