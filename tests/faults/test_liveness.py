"""Nothing waits for ever, nothing is hurried for nothing, and one thing's trouble is not another's."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from penstock.domain.errors import Contention, Limited
from penstock.domain.job import Status
from penstock.domain.kind import Kinds
from penstock.domain.writes import JobOf
from penstock.engine import control, sweep
from penstock.engine.claim import Done, Later
from penstock.engine.parts import Identity
from penstock.engine.work import LIMITED_IN_A_ROW
from penstock.store.queues import Queues
from tests.faults.steps import LONG, ends_well, raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import BOOK, STAGES, TOY
from tests.views import USER


def test_a_job_of_an_unknown_kind_does_not_stop_the_janitor(house: House) -> None:
    house.submit(6, kind="stages")
    good = house.submit(6)
    house.queues.purge()
    house.follow()
    house.clock.advance(LONG)
    house.parts = replace(house.parts, kinds=Kinds([TOY, BOOK]))
    for _ in range(5):
        house.sweep()
    assert house.job(good).run == 2


def read_up_to(house: House, job_id: str | None) -> None:
    """The stream's reader takes one batch: up to the last record of the job, or all there is."""
    records = house.unread()
    places = [place for place, each in enumerate(records) if each["dynamodb"]["Keys"]["sk"]["S"] == f"JOB#{job_id}"]
    records = records[: places[-1] + 1] if places else records
    house.position += len(records)
    house.follow_records(records)


def test_a_place_that_is_freed_within_one_batch_is_noticed(house: House) -> None:
    """The older job is paused; one runs, another waits for it. That one ends, the older is resumed, the waiting one
    finds it in its way; then the older is paused again, and the reader gets both changes of it as one."""
    older = house.submit(1)
    control.pause(house.parts, USER.user, older)
    house.follow()
    running, waiting = house.submit(1), house.submit(1)
    house.follow()
    control.cancel(house.parts, USER.user, running)
    control.resume(house.parts, USER.user, older)
    read_up_to(house, running)
    assert house.job(waiting).sent == 0
    control.pause(house.parts, USER.user, older)
    read_up_to(house, None)
    house.run()
    assert house.job(waiting).status == Status.COMPLETED


@pytest.mark.parametrize("seconds", [0.4, 300.4])
def test_a_message_does_not_come_back_before_the_lease_is_over(seconds: float) -> None:
    asked: list[int] = []

    class Client:
        def change_message_visibility(self, **request: Any) -> None:
            asked.append(request["VisibilityTimeout"])

    client: Any = Client()
    Queues(client, {"normal": "https://sqs/q"}).return_later("arn:aws:sqs:eu:1:q", "receipt", seconds)
    assert asked[0] >= seconds


def test_lines_that_were_all_settled_in_time_complete(house: House) -> None:
    house.parts = replace(house.parts, kinds=Kinds([replace(TOY, lifetime=timedelta(minutes=10))]))
    job_id = house.submit(1)
    house.work(received(house))
    house.clock.advance(LONG)
    ends_well(house, job_id)


def test_a_deadline_in_the_middle_of_an_item_lets_it_settle(house: House) -> None:
    house.parts = replace(house.parts, kinds=Kinds([replace(STAGES, lifetime=timedelta(minutes=10))]))
    job_id = house.submit(2, kind="stages")

    def too_late() -> None:
        house.clock.advance(700)
        house.sweep()
        house.follow()

    house.script.at(0, too_late)
    house.run()
    assert (house.job(job_id).status, house.job(job_id).running) == (Status.FAILED, 0)
    check(house)


def test_a_job_that_waited_for_its_turn_is_not_revived_at_once(house: House) -> None:
    house.submit(1)
    second = house.submit(2)
    house.clock.advance(LONG)
    house.work(received(house))
    house.follow()
    house.follow()
    assert house.job(second).sent == 2
    house.sweep()
    assert house.job(second).run == 1


@pytest.mark.parametrize("ending", ["cancelled", "failed"])
def test_every_ended_job_is_kept_as_long_as_its_kind_says(house: House, ending: str) -> None:
    kind = replace(TOY, retention=timedelta(days=1), lifetime=timedelta(minutes=10))
    house.parts = replace(house.parts, kinds=Kinds([kind]))
    job_id = house.submit(1)
    if ending == "cancelled":
        control.cancel(house.parts, USER.user, job_id)
    house.clock.advance(LONG)
    house.run()
    for _ in range(3):
        house.sweep()
    image = house.parts.table.get(JobOf(USER.user, job_id))
    assert image is not None
    assert image["status"] == ending
    assert image["ttl"] == house.clock.now // 1000 + 86_400
    assert "watch" not in image


def test_a_429_of_a_past_run_puts_its_item_alone_back(house: House) -> None:
    """Pause and resume during the last call in a row that is limited: the new run sends the item again, and is not
    paused."""
    job_id = house.submit(1, kind="stages")

    def act() -> None:
        control.pause(house.parts, USER.user, job_id)
        control.resume(house.parts, USER.user, job_id)
        house.follow()
        raise Limited("429")

    house.script.at(0, *[raises(Limited("429"))] * (LIMITED_IN_A_ROW - 1), act, stage=1)
    ends_well(house, job_id)


def test_every_watched_job_has_its_turn_though_time_is_short(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        house.submit(1, who=Identity(f"user-{number}"))
    looked: set[str] = set()
    monkeypatch.setattr(sweep, "sweep_job", lambda _parts, user, _job_id: looked.add(user))
    for _ in range(200):
        sweep.sweep(house.parts, partial(next, iter([900.0] * 4), 5.0))
    assert len(looked) == 8


def test_a_claim_whose_answer_was_lost_does_not_block_its_lane(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(1)
    table, transact = house.parts.table, house.parts.table.transact

    def lost(writes: Any, *rest: Any) -> None:
        monkeypatch.setattr(table, "transact", transact)
        transact(writes, *rest)
        raise ConnectionError("no answer")

    monkeypatch.setattr(table, "transact", lost)
    delivery = received(house)
    with pytest.raises(ConnectionError):
        house.attempt(delivery)
    assert house.work(delivery) == Done("settled")
    ends_well(house, job_id)


def test_a_busy_table_at_the_claim_gives_the_message_back_soon(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = house.submit(1)
    with monkeypatch.context() as patch:
        patch.setattr(house.parts.table, "transact", lambda *_: raises(Contention("busy"))())
        verdict = house.work(received(house))
    assert isinstance(verdict, Later)
    assert verdict.seconds is not None
    assert verdict.seconds <= 5
    ends_well(house, job_id)


def test_running_out_of_time_after_a_stored_step_is_no_try(house: House) -> None:
    """Each worker has time for one new step. However many it takes, the item is not failed for it."""
    job_id = house.submit(1)

    class Short:
        """Plenty of time until a call was made, then hardly any."""

        def __call__(self) -> float:
            return 25.0 if house.script.calls.total() > self.before else 900.0

        before = 0

    for expected in (1, 2):
        seconds = Short()
        seconds.before = house.script.calls.total()
        house.work(received(house), seconds)
        assert house.script.calls.total() == expected
    item = house.items(job_id)[0]
    assert (item.status, item.tries) == ("done", 1)
    ends_well(house, job_id)


def test_running_out_of_time_before_any_step_is_one(house: House) -> None:
    job_id = house.submit(1)
    for _ in range(3):
        house.work(received(house), lambda: 25.0)
    assert house.script.calls.total() == 0
    ends_well(house, job_id, Status.FAILED)
    error = house.items(job_id)[0].error
    assert error is not None
    assert error["code"] == "out_of_time"
