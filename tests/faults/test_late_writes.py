"""Somebody looks, the world goes on, and then comes the write that followed from the look. It must change nothing that
it has not seen."""

from typing import Any

import pytest

from penstock.domain.errors import Conflict, Refused
from penstock.domain.item import ItemStatus
from penstock.domain.job import Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.claim import Done, Later
from penstock.engine.sweep import DEDUPLICATION_SECONDS
from tests.faults.stalls import begins_a_run, fails_an_item, pauses, releases, stall, takes_over
from tests.faults.steps import LONG, crash_at, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.views import USER


def alive(house: House, job_id: str) -> bool:
    """The only line is held by a worker within its lease, and all adds up."""
    check(house)
    item = house.items(job_id)[0]
    return item.status == ItemStatus.RUNNING and item.lease_until > house.clock()


def test_a_take_over_finds_that_another_was_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(1)
    delivery = crash_at(house)
    house.clock.advance(LONG)
    stall(house, monkeypatch, takes_over, lambda: crash_at(house))
    assert isinstance(house.attempt(delivery), Later)
    assert alive(house, job_id)
    house.clock.advance(LONG)
    ends_well(house, job_id)


def test_a_dead_letter_finds_that_a_worker_took_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(1)
    delivery = crash_at(house)
    house.clock.advance(LONG)
    stall(house, monkeypatch, fails_an_item, lambda: crash_at(house))
    assert house.bury(delivery) == Later(None, "a worker still holds the item")
    assert alive(house, job_id)
    house.clock.advance(LONG)
    ends_well(house, job_id)


def test_a_release_finds_that_a_worker_took_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is paused when the janitor looks, and again when it writes; in between it was not."""
    job_id = house.submit(1)
    crash_at(house)
    house.acknowledge(received(house))
    house.clock.advance(LONG)
    control.pause(house.parts, USER.user, job_id)

    def meanwhile() -> None:
        control.resume(house.parts, USER.user, job_id)
        crash_at(house)
        control.pause(house.parts, USER.user, job_id)

    stall(house, monkeypatch, releases, meanwhile)
    house.sweep()
    assert alive(house, job_id)
    house.clock.advance(LONG)
    control.resume(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_a_pause_for_quota_finds_the_job_cancelled(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.limit(plan=Needs(10, 100))
    job_id = house.submit(1)
    stall(house, monkeypatch, pauses, lambda: control.cancel(house.parts, USER.user, job_id))
    house.run()
    assert house.job(job_id).status == Status.CANCELLED
    check(house)


def test_the_janitor_finds_that_the_job_moves(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(2)
    house.clock.advance(LONG)
    stall(house, monkeypatch, begins_a_run, lambda: house.work(received(house)))
    house.sweep()
    assert house.job(job_id).run == 1
    ends_well(house, job_id)


def test_a_retry_finds_that_another_has_mended_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(2)
    house.script.at(0, raises(Refused("no")))
    house.run()

    def another_retry() -> None:
        control.retry(house.parts, USER.user, job_id)
        house.run()

    stall(house, monkeypatch, begins_a_run, another_retry)
    with pytest.raises(Conflict, match="Nothing in this job failed"):
        control.retry(house.parts, USER.user, job_id)
    ends_well(house, job_id)


def test_the_janitor_is_twice_as_patient_each_time(house: House) -> None:
    """Or a queue that is merely long would never be worked off: each revival makes its messages no-ops."""
    job_id = house.submit(1)
    patience = DEDUPLICATION_SECONDS + house.parts.limits.visibility + 61
    for run, seconds in ((2, patience), (2, patience), (3, patience)):
        house.clock.advance(seconds)
        house.sweep()
        assert house.job(job_id).run == run
    ends_well(house, job_id)


def test_the_body_of_a_refused_settle_is_deleted(house: House) -> None:
    """Its worker outlived its lease; another one settled the line, with a body of its own."""
    job_id = house.submit(1)
    delivery = received(house)

    def overtaken() -> None:
        house.clock.advance(LONG)
        house.attempt(delivery)

    house.script.at(0, lambda: None, overtaken)
    house.attempt(delivery)
    ends_well(house, job_id)
    assert len(house.bodies()) == 1


def test_the_body_of_a_settle_whose_answer_was_lost_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request token is forgotten as well: the second try is refused by what the first one wrote."""
    job_id = house.submit(1)
    table, transact = house.parts.table, house.parts.table.transact

    def twice(writes: Any, *rest: Any) -> Any:
        transact(writes, *rest)
        return transact(writes, *rest)

    house.script.at(0, lambda: monkeypatch.setattr(table, "transact", twice))
    assert house.work(received(house)) == Done("settled before")
    monkeypatch.setattr(table, "transact", transact)
    ends_well(house, job_id)
    assert len(house.bodies()) == 1
