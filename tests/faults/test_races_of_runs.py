"""Dispatchers and janitors at the same moment as each other, as users, as workers: every line is sent, one run follows
another, and what nobody holds returns once."""

from collections.abc import Iterator

from penstock.domain.errors import Limited
from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.engine import control
from penstock.engine.claim import Done, Later
from penstock.engine.dispatch import dispatch
from tests.faults.races import TOKENS, Play, every_order, few_switches
from tests.faults.steps import raises, received
from tests.toys import USED


@few_switches(1)
def test_two_dispatches_send_each_line_and_no_more_than_a_window(play: Play) -> Iterator[None]:
    house = play.house
    house.limit(window=2)
    job_id = play.submit(3)
    house.work(received(house))
    play.acts("one", dispatch, job_id)
    play.acts("other", dispatch, job_id)
    play.settles("worker")
    yield
    job = play.job(job_id)
    assert job.sent - job.settled <= job.remaining
    assert house.queued() <= 2
    play.quiet()
    assert (play.job(job_id).completed, play.calls) == (3, 6)


@every_order
def test_a_stalled_dispatch_moves_no_cursor_of_a_later_run(play: Play) -> Iterator[None]:
    """Its lines were sent, and dropped while the job was paused: the next run must send them again."""
    play.house.limit(window=2)
    play.begins("stalled", lambda: play.submit(2), "update_item", 2)
    (job_id,) = (job.job_id for job in play.house.jobs(play.who.user))
    play.act(control.pause, job_id)
    while delivery := play.house.receive():
        play.house.work(delivery)
    play.acts("resume", control.resume, job_id)
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 4)


@few_switches(1)
def test_an_item_goes_on_to_its_next_stage_in_the_run_of_then(play: Play) -> Iterator[None]:
    play.house.limit(window=4)
    job_id = play.submit(1, "stages")
    play.settles("worker")

    def restart() -> None:
        play.act(control.pause, job_id)
        play.act(control.resume, job_id)

    play.begins("user", restart)
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 4)
    assert [item.status for item in play.house.items(job_id)] == [ItemStatus.DONE]


@every_order
def test_two_dispatches_wake_a_job_once(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.house.script.at(0, raises(Limited("429", retry_after=600.0)))
    play.house.work(received(play.house))
    assert play.job(job_id).pause_reason == PauseReason.PROVIDER
    play.waits(601)
    play.acts("one", dispatch, job_id)
    play.acts("other", dispatch, job_id)
    yield
    assert play.job(job_id).run == 2
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 3)


@every_order
def test_two_janitors_revive_a_job_once(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.house.queues.purge()
    play.waits()
    play.sweeps("one", job_id)
    play.sweeps("other", job_id)
    yield
    assert (play.job(job_id).run, play.job(job_id).stalls) == (2, 1)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


@few_switches(1)
def test_a_janitor_revives_while_a_worker_begins(play: Play) -> Iterator[None]:
    """The queue was merely long: the message of the former run comes in the moment in which a new run begins."""
    job_id = play.submit(1)
    play.waits()
    play.works("worker")
    play.sweeps("janitor", job_id)
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


@few_switches(1)
def test_a_janitor_revives_while_a_worker_settles_late(play: Play) -> Iterator[None]:
    play.house.limit(window=4)
    job_id = play.submit(2)
    play.settles("late")
    play.waits()
    play.sweeps("janitor", job_id)
    play.dispatches()
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 4)


@every_order
def test_two_janitors_release_an_item_once(play: Play) -> Iterator[None]:
    job_id = _abandoned(play)
    play.sweeps("one", job_id)
    play.sweeps("other", job_id)
    yield
    assert play.account.tokens_remaining == TOKENS
    assert play.job(job_id).running == 0
    play.act(control.resume, job_id)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


@every_order
def test_a_janitor_releases_while_the_user_cancels(play: Play) -> Iterator[None]:
    job_id = _abandoned(play)
    play.sweeps("janitor", job_id)
    play.acts("cancel", control.cancel, job_id)
    yield
    play.tidied()
    assert play.job(job_id).status == Status.CANCELLED
    assert play.account.tokens_remaining == TOKENS


@every_order
def test_a_janitor_releases_while_the_user_resumes(play: Play) -> Iterator[None]:
    job_id = _abandoned(play)
    play.sweeps("janitor", job_id)
    play.acts("resume", control.resume, job_id)
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


def _abandoned(play: Play) -> str:
    """A job that its user paused, with an item whose worker died before its settle; the lease is over."""
    job_id = play.submit(1)
    play.settles("dead").kill()
    play.act(control.pause, job_id)
    play.house.queues.purge()
    play.waits()
    return job_id


@every_order
def test_a_janitor_releases_while_its_worker_settles_late(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    worker = play.settles("late")
    play.act(control.pause, job_id)
    play.waits()
    play.sweeps("janitor", job_id)
    yield
    settled = worker.answer == Done("settled")
    assert settled or isinstance(worker.answer, Later)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens * settled
    play.act(control.resume, job_id)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens


@every_order
def test_a_released_item_keeps_its_message(play: Play) -> Iterator[None]:
    """A dead letter of a former run releases what a worker of this run, past its lease, is about to settle: its message
    is the only one, and must come back."""
    job_id = play.submit(1)
    former = received(play.house)
    play.act(control.pause, job_id)
    play.act(control.resume, job_id)
    play.house.acknowledge(former)
    late = play.settles("late")
    play.waits(930)
    play.begins("dead letters", lambda: play.house.bury(former))
    yield
    assert late.answer != Done("settled before")
    play.quiet()
    assert (play.job(job_id).status, play.job(job_id).run, play.calls) == (Status.COMPLETED, 2, 2)
