"""What users do to a job at the same moment as others, or as the service: every order in which their calls can follow
one another ends well, and what each was told is true."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from penstock.domain.errors import Conflict, NotFound, Refused
from penstock.domain.job import Job, Status
from penstock.domain.kind import Kinds
from penstock.engine import control
from penstock.engine.claim import Done
from penstock.engine.dispatch import dispatch
from penstock.engine.idempotency import Once
from penstock.engine.submit import submit
from penstock.store import keys
from tests.faults.races import TOKENS, Play, every_order, few_switches
from tests.faults.steps import raises, received
from tests.house import House
from tests.invariants import check
from tests.toys import TOY, USED, ToyRequest
from tests.views import USER


@every_order
def test_two_resumes_make_one_run(play: Play) -> Iterator[None]:
    job_id = play.submit(2)
    play.act(control.pause, job_id)
    one, other = play.acts("one", control.resume, job_id), play.acts("other", control.resume, job_id)
    yield
    assert {type(one.answer), type(other.answer)} == {Job, Conflict}
    play.quiet()
    assert (play.job(job_id).status, play.job(job_id).run) == (Status.COMPLETED, 2)
    assert play.calls == 4


@every_order
def test_a_cancelled_job_is_not_resumed(play: Play) -> Iterator[None]:
    job_id = play.submit(2)
    play.act(control.pause, job_id)
    play.acts("resume", control.resume, job_id)
    play.acts("cancel", control.cancel, job_id)
    yield
    assert "cancel" in play.done
    play.quiet()
    assert play.job(job_id).status == Status.CANCELLED
    assert play.calls == 0


@few_switches(1)
def test_a_job_is_resumed_and_cancelled_while_a_worker_asks_for_work(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.act(control.pause, job_id)
    play.acts("resume", control.resume, job_id)
    play.acts("cancel", control.cancel, job_id)
    play.asks("worker")
    yield
    play.quiet()
    job = play.job(job_id)
    assert job.status == Status.CANCELLED
    assert play.account.tokens_remaining == TOKENS - USED.tokens * 2 * job.completed


@few_switches(1)
def test_a_request_sent_twice_makes_one_job(play: Play) -> Iterator[None]:
    """By a user who was never here: account, number and job are made at the same time."""
    house, request, once = play.house, ToyRequest.model_validate({"lines": 1}), Once("key", "hash")
    one = play.begins("one", lambda: submit(house.parts, play.who, request, once))
    other = play.begins("other", lambda: submit(house.parts, play.who, request, once))
    yield
    assert one.answer == other.answer
    play.quiet()
    assert [job.status for job in house.jobs(play.who.user)] == [Status.COMPLETED]
    assert play.account.tokens_granted == TOKENS


@every_order
def test_a_job_is_paused_or_it_finishes(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.house.work(received(play.house))
    play.acts("pause", control.pause, job_id)
    play.dispatches()
    yield
    play.quiet()
    assert play.job(job_id).status == (Status.PAUSED if "pause" in play.done else Status.COMPLETED)
    if "pause" in play.done:
        play.act(control.resume, job_id)
        play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


@every_order
def test_a_finish_step_ends_while_its_job_is_paused(play: Play) -> Iterator[None]:
    job_id = play.submit(1, "book")
    play.house.work(received(play.house))
    play.house.follow()
    play.settles("finish")
    play.acts("pause", control.pause, job_id)
    yield
    play.quiet()
    assert play.job(job_id).status == (Status.PAUSED if "pause" in play.done else Status.COMPLETED)
    if "pause" in play.done:
        play.act(control.resume, job_id)
        play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 3)


@every_order
def test_what_is_settled_while_its_job_is_cancelled_is_paid(play: Play) -> Iterator[None]:
    job_id = play.submit(2)
    play.settles("worker")
    play.acts("cancel", control.cancel, job_id)
    yield
    play.quiet()
    job = play.job(job_id)
    assert (job.status, job.completed, job.running) == (Status.CANCELLED, 1, 0)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens


@every_order
def test_a_line_begins_while_its_job_is_cancelled(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    worker = play.works("worker")
    play.acts("cancel", control.cancel, job_id)
    yield
    assert isinstance(worker.answer, Done)
    play.quiet()
    job = play.job(job_id)
    assert job.status == Status.CANCELLED
    assert play.calls == 2 * job.completed
    assert play.account.tokens_remaining == TOKENS - USED.tokens * play.calls


@every_order
def test_two_retries_make_one_run(play: Play) -> Iterator[None]:
    job_id = _failed(play)
    one, other = play.acts("one", control.retry, job_id), play.acts("other", control.retry, job_id)
    yield
    assert {type(one.answer), type(other.answer)} == {Job, Conflict}
    play.quiet()
    assert (play.job(job_id).completed, play.job(job_id).run) == (1, 2)


@few_switches(1)
def test_a_retry_that_is_held_up_retries_what_has_failed_since(play: Play) -> Iterator[None]:
    job_id = _failed(play)
    play.house.script.at(0, raises(Refused("no, again")))

    def retry_and_fail() -> None:
        play.act(control.retry, job_id)
        play.quiet()

    play.acts("held up", control.retry, job_id)
    play.begins("other", retry_and_fail)
    yield
    play.quiet()
    job = play.job(job_id)
    assert (job.status, job.run) in ((Status.COMPLETED, 3), (Status.FAILED, 2))
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens * job.completed


@every_order
def test_a_job_is_retried_or_deleted(play: Play) -> Iterator[None]:
    job_id = _failed(play)
    retry, delete = play.acts("retry", control.retry, job_id), play.acts("delete", control.delete, job_id)
    yield
    play.tidied()
    if "retry" in play.done:
        assert isinstance(delete.answer, Conflict)
        assert play.job(job_id).completed == 1
    else:
        assert isinstance(retry.answer, NotFound)
        assert list(play.house.jobs(play.who.user)) == []
        assert play.account.tokens_remaining == TOKENS


def _failed(play: Play) -> str:
    """A job whose only line was refused."""
    play.house.script.at(0, raises(Refused("no")))
    job_id = play.submit(1)
    play.quiet()
    assert play.job(job_id).status == Status.FAILED
    return job_id


@every_order
def test_a_job_is_deleted_while_its_line_settles(play: Play) -> Iterator[None]:
    """The settle finds its job: what ran is charged, the rest returns, and only then the record goes."""
    job_id = play.submit(2)
    worker = play.settles("worker")
    play.act(control.cancel, job_id)
    play.acts("delete", control.delete, job_id)
    play.dispatches()
    yield
    assert worker.answer == Done("settled")
    play.tidied()
    assert play.is_gone(job_id)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens
    assert play.house.product(f"{job_id}-000000", play.who.user) is not None


@few_switches(1)
def test_a_job_is_deleted_while_its_line_is_released_and_settles_late(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    worker = play.settles("worker")
    play.act(control.cancel, job_id)
    play.waits()
    play.acts("delete", control.delete, job_id)
    play.sweeps("janitor", job_id)
    yield
    play.tidied()
    assert play.is_gone(job_id)
    settled = worker.answer == Done("settled")
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens * settled


@every_order
def test_a_job_reaches_its_deadline_while_its_last_line_settles(play: Play) -> Iterator[None]:
    kinds = Kinds([replace(TOY, lifetime=timedelta(minutes=10))])
    play.house.parts = replace(play.house.parts, kinds=kinds)
    job_id = play.submit(1)
    play.settles("worker")
    play.waits()
    play.acts("dispatcher", dispatch, job_id)
    yield
    play.tidied()
    job = play.job(job_id)
    assert job.status in (Status.COMPLETED, Status.FAILED)
    assert (job.completed, job.running) == (1, 0)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens


def test_a_job_that_came_and_went_in_one_batch_of_the_stream_leaves_nothing(house: House) -> None:
    job_id = house.submit(2)
    control.cancel(house.parts, USER.user, job_id)
    control.delete(house.parts, USER.user, job_id)
    house.follow()
    assert list(house.parts.table.query_all(keys.whole_job(job_id))) == []
    house.run()
    check(house, ended=True)
