"""The invariants see what they are there to see: each breach, made by hand in a sound house, is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from penstock.domain.conditions import EXISTS
from penstock.domain.item import ItemStatus
from penstock.domain.writes import AccountOf, Delete, ItemOf, JobOf, LedgerOf, ProductOf, Put, Update
from penstock.engine import control
from penstock.engine.parts import Identity
from tests.faults.steps import crash_at
from tests.house import House
from tests.invariants import check
from tests.toys import STAGES
from tests.views import USER

pytestmark = pytest.mark.emulator_only("breaches are made by hand, in any table alike")


def job_of(house: House, lines: int = 2) -> str:
    job_id = house.submit(lines)
    house.run()
    check(house, ended=True)
    return job_id


def write(house: House, *writes: Any) -> None:
    assert house.parts.table.transact(writes) is None


def adds(house: House, ref: Any, **counts: int) -> None:
    """A write of nobody's, with the version raised as an honest one would."""
    extra = {"version": 1} if isinstance(ref, JobOf) else {}
    write(house, Update(ref, EXISTS, add=counts | extra))


def sets(house: House, ref: Any, **fields: Any) -> None:
    extra = {"version": 1} if isinstance(ref, JobOf) else {}
    write(house, Update(ref, EXISTS, set=fields, add=extra))


def a_charge_twice(house: House, job_id: str) -> None:
    adds(house, AccountOf(USER.user), tokens_remaining=-10)


def a_refund_too_many(house: House, job_id: str) -> None:
    adds(house, AccountOf(USER.user), articles_remaining=1)


def a_row_of_the_ledger_missing(house: House, job_id: str) -> None:
    row = house.ledger()[-1]
    write(house, Delete(LedgerOf(USER.user, row["sk"].removeprefix("LEDGER#")), EXISTS))


def an_item_charged_beside_its_job(house: House, job_id: str) -> None:
    adds(house, ItemOf(job_id, 0), charged_tokens=5)


def a_reservation_left(house: House, job_id: str) -> None:
    adds(house, ItemOf(job_id, 0), reserved_tokens=5)


def a_counter_off(house: House, job_id: str) -> None:
    adds(house, JobOf(USER.user, job_id), completed=1, remaining=-1)


def a_running_item_that_is_not(house: House, job_id: str) -> None:
    adds(house, JobOf(USER.user, job_id), running=1)


def a_result_that_cannot_be_read(house: House, job_id: str) -> None:
    image = house.product(f"{job_id}-000000")
    assert image is not None
    house.parts.files.delete(image["body"])


def a_result_missing(house: House, job_id: str) -> None:
    write(house, Delete(ProductOf(USER.user, "ARTICLE", f"{job_id}-000000"), EXISTS))


def a_result_of_nothing(house: House, job_id: str) -> None:
    image = house.product(f"{job_id}-000000")
    assert image is not None
    fields = {"id": f"{job_id}-000009", "body": image["body"]}
    write(house, Put(ProductOf(USER.user, "ARTICLE", f"{job_id}-000009"), fields))


def a_job_left_running(house: House, job_id: str) -> None:
    sets(house, JobOf(USER.user, job_id), run=2, retried_in=2, status="pending")


def a_line_that_ends_twice(house: House, job_id: str) -> None:
    sets(house, ItemOf(job_id, 0), status="running")
    sets(house, ItemOf(job_id, 0), status="done")


def a_balance_below_zero_for_a_moment(house: House, job_id: str) -> None:
    adds(house, AccountOf(USER.user), tokens_remaining=-1_000_000)
    adds(house, AccountOf(USER.user), tokens_remaining=1_000_000)


def an_item_of_another_user(house: House, job_id: str) -> None:
    sets(house, ItemOf(job_id, 0), user="user-b")


def a_completed_job_that_is_paused(house: House, job_id: str) -> None:
    sets(house, JobOf(USER.user, job_id), status="paused")


def a_write_without_a_version(house: House, job_id: str) -> None:
    write(house, Update(JobOf(USER.user, job_id), EXISTS, set={"name": "other"}))


Breach = Callable[[House, str], None]
BREACHES: list[Breach] = [
    a_charge_twice,
    a_refund_too_many,
    a_row_of_the_ledger_missing,
    an_item_charged_beside_its_job,
    a_reservation_left,
    a_counter_off,
    a_running_item_that_is_not,
    a_result_that_cannot_be_read,
    a_result_missing,
    a_result_of_nothing,
    a_job_left_running,
    a_line_that_ends_twice,
    a_balance_below_zero_for_a_moment,
    an_item_of_another_user,
    a_completed_job_that_is_paused,
    a_write_without_a_version,
]


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_a_breach_is_found(house: House, breach: Breach) -> None:
    job_id = job_of(house)
    breach(house, job_id)
    with pytest.raises(AssertionError):
        check(house, ended=True)


def test_calls_for_nothing_are_found(house: House) -> None:
    job_of(house)
    call = house.recorder.calls[0]
    for wrong in (replace(call, status=ItemStatus.DONE), replace(call, stored=True)):
        with pytest.raises(AssertionError):
            check(replace(house.evidence(), calls=[wrong]))
    with pytest.raises(AssertionError):
        check(replace(house.evidence(), calls=[call] * (STAGES.max_tries + 1)))


def test_two_claims_in_one_lane_are_found(house: House) -> None:
    job_of(house)
    first = replace(house.recorder.calls[0], began=1, ended=4, fence="one")
    second = replace(first, began=2, ended=3, fence="two", index=1)
    with pytest.raises(AssertionError, match="two claims in one lane"):
        check(replace(house.evidence(), calls=[first, second]))
    check(replace(house.evidence(), calls=[first, replace(second, at=first.lease_until + 1)]))


def test_a_fence_that_still_settles_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.submit(1)
    crash_at(house)
    house.clock.advance(1000)
    house.attempt(house.receive() or crash_at(house))
    monkeypatch.setattr("penstock.engine.settle.mine", lambda _fence: EXISTS)
    with pytest.raises(AssertionError, match="still settles"):
        check(house)


def test_another_users_hand_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = job_of(house)
    original = control.edit
    monkeypatch.setattr(control, "edit", lambda parts, _user, job: original(parts, USER.user, job, name="mine now"))
    monkeypatch.setattr("tests.invariants._ACTIONS", (control.edit,))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(house)
    assert house.job(job_id).name == "mine now"


def test_each_users_money_is_looked_at(house: House) -> None:
    house.submit(1)
    house.submit(1, who=Identity("user-b", "ben"))
    house.run()
    adds(house, AccountOf("user-b"), tokens_remaining=-1)
    with pytest.raises(AssertionError):
        check(house)
