"""What is charged, granted, booked and given back when something goes wrong in between."""

from dataclasses import replace
from typing import Any

import pytest

from penstock.domain.errors import Contention, Limited, Stopped, Transient
from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.domain.quota import Needs, Usage
from penstock.domain.work import Work
from penstock.engine import control
from penstock.engine.claim import Done
from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity
from penstock.engine.quota import close_account, grant, open_account
from penstock.engine.submit import submit
from penstock.store.keys import Range
from tests.clock import Crash
from tests.faults.steps import LONG, crash, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import CEILING, TOY, USED, ToyRequest, prompt
from tests.views import USER


def test_paid_calls_of_a_try_that_is_given_back_are_booked(house: House) -> None:
    def stage(work: Work) -> None:
        def produce() -> str:
            work.text(prompt("first", work, 0))
            raise Transient("a malformed answer")

        work.step("first", produce)

    house.parts = replace(house.parts, kinds=Kinds([replace(TOY, stages=(stage,))]))
    job_id = house.submit(1)
    ends_well(house, job_id, Status.FAILED)
    assert house.script.calls[(0, "first")] == 3
    assert house.job(job_id).cost == house.account().cost == 3 * USED.cost
    assert house.job(job_id).tokens_used == 0


def test_what_a_dead_item_stored_is_booked_once(house: House) -> None:
    """Its worker died after its first step; the message goes to the dead letters, and a retry replays that step."""
    job_id = house.submit(1)
    house.script.at(0, lambda: None, crash)
    delivery = received(house)
    with pytest.raises(Crash):
        house.attempt(delivery)
    house.acknowledge(delivery)
    house.clock.advance(LONG)
    assert house.bury(delivery) == Done("failed")
    assert house.job(job_id).cost == USED.cost
    house.follow()
    control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)
    assert house.job(job_id).cost == 2 * USED.cost
    assert house.job(job_id).tokens_used == 2 * USED.tokens


def test_a_name_cannot_be_taken_over(house: House) -> None:
    open_account(house.parts, Identity("user-a", "ann"))
    open_account(house.parts, Identity("user-b", "Ann"))
    grant(house.parts, "ann", Needs(5, 5), "")
    assert house.account("user-a").articles_granted == 1_005


def test_a_name_like_anothers_sub_gets_nothing_of_theirs(house: House) -> None:
    open_account(house.parts, Identity("user-a", "ann"))
    open_account(house.parts, Identity("user-b", "user-a"))
    grant(house.parts, "user-a", Needs(5, 5), "")
    assert house.account("user-a").articles_granted == 1_005


def test_a_users_idempotency_key_does_not_refuse_an_admins_grant(house: House) -> None:
    submit(house.parts, USER, ToyRequest.model_validate({"lines": 1}), Once("1", "submission"))
    assert grant(house.parts, USER.user, Needs(5, 0), "", Once("1", "grant")).tokens_granted == 100_005


def test_giving_back_twice_counts_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is lost, and the SDK sends the request again."""
    job_id = house.submit(1)
    client = house.parts.table._client
    transact = client.transact_write_items

    def twice(**request: Any) -> Any:
        transact(**request)
        return transact(**request)

    house.script.at(0, raises(Limited("429", retry_after=1.0)))
    monkeypatch.setattr(client, "transact_write_items", twice, raising=False)
    house.work(received(house))
    item = house.items(job_id)[0]
    assert (item.tries, item.limited) == (0, 1)
    check(house)


def test_a_pause_for_the_provider_then_cancel_returns_the_reservation(house: House) -> None:
    job_id = house.submit(1)
    house.script.at(0, raises(Limited("429", retry_after=100.0)))
    house.run()
    assert house.job(job_id).pause_reason == PauseReason.PROVIDER
    control.cancel(house.parts, USER.user, job_id)
    house.run()
    assert house.account().tokens_remaining == 100_000
    check(house)


def test_an_item_that_is_limited_while_its_job_is_cancelled_is_cancelled(house: House) -> None:
    job_id = house.submit(1)

    def act() -> None:
        control.cancel(house.parts, USER.user, job_id)
        raise Limited("429", retry_after=100.0)

    house.script.at(0, act)
    house.run()
    assert [item.status for item in house.items(job_id)] == [ItemStatus.CANCELLED]
    check(house)


def test_a_stopped_item_is_no_failure_in_the_totals(house: House) -> None:
    house.submit(1)
    house.script.at(0, raises(Stopped("cancelled")))
    house.work(received(house))
    assert house.account().items_failed == 0


def test_429s_between_other_failures_are_not_in_a_row(house: House) -> None:
    job_id = house.submit(1)
    limited = raises(Limited("429", retry_after=1))
    house.script.at(0, limited, raises(ConnectionError()), limited, raises(ConnectionError()), limited)
    ends_well(house, job_id)


def test_endless_429s_use_up_no_try(house: House) -> None:
    job_id = house.submit(1)
    for _ in range(5):
        house.script.at(0, raises(Limited("429", retry_after=100)))
        house.work(received(house))
        assert house.items(job_id)[0].tries == 0
        house.clock.advance(200)
        house.sweep()
    ends_well(house, job_id)


def test_closing_leaves_nothing_of_a_settle_that_came_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.submit(1)
    delivery = received(house)
    table, delete = house.parts.table, house.parts.table._batch_delete

    def late(requests: Any) -> None:
        monkeypatch.setattr(table, "_batch_delete", delete)
        house.work(delivery)
        delete(requests)

    monkeypatch.setattr(table, "_batch_delete", late)
    close_account(house.parts, USER.user)
    house.run()
    assert [image["sk"] for image in table.query_all(Range("USER#user-a", " ", "\uffff"))] == ["ACCOUNT"]
    assert house.account().tokens_remaining == 0


def test_closing_in_the_middle_of_an_item_leaves_no_ghost(house: House) -> None:
    """Its worker comes to the end when its job is gone."""
    house.submit(1)
    house.script.at(0, lambda: close_account(house.parts, USER.user))
    house.work(received(house))
    left = house.parts.table.query_all(Range("USER#user-a", " ", "\uffff"))
    assert [image["sk"] for image in left] == ["ACCOUNT"]
    house.run()
    assert house.account().tokens_remaining == 0


def test_nobody_is_charged_more_than_was_reserved(house: House) -> None:
    """The ceiling was wrong: that is ours to bear, and to log."""
    house.script.usage = Usage(input=500, output=500, calls=1, cost=40)
    job_id = house.submit(1)
    ends_well(house, job_id)
    assert house.job(job_id).tokens_used == CEILING.tokens


def test_a_close_that_breaks_off_is_no_way_to_a_new_plan(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.submit(1)
    house.run()

    def busy(requests: Any) -> None:
        raise Contention("busy")

    with monkeypatch.context() as patch:
        patch.setattr(house.parts.table, "_batch_delete", busy)
        with pytest.raises(Contention):
            close_account(house.parts, USER.user)
    assert open_account(house.parts, USER).tokens_remaining == 0
    close_account(house.parts, USER.user)
    assert house.account().username == ""
