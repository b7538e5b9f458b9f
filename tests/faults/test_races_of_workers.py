"""Two workers with one message, a worker that is late, a dead letter: whoever comes first, an item is settled once and
paid once."""

from collections.abc import Iterator

from penstock.domain.errors import Limited
from penstock.domain.job import Status
from penstock.engine import control
from penstock.engine.claim import Done, Later
from tests.faults.interleaving import Actor
from tests.faults.races import TOKENS, Play, every_order, few_switches
from tests.faults.steps import raises, received
from tests.toys import USED


@every_order
def test_one_message_at_two_workers(play: Play) -> Iterator[None]:
    """Within the lease: one works, the other gives it back."""
    job_id = play.submit(1)
    delivery = received(play.house)
    one, other = play.works("one", delivery), play.works("other", delivery)
    yield
    assert Done("settled") in (one.answer, other.answer)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens


@every_order
def test_a_worker_settles_late_while_another_takes_over(play: Play) -> Iterator[None]:
    """The first one's work is stored: whichever of the two settles, nobody is asked again."""
    job_id = play.submit(1)
    delivery = received(play.house)
    late = play.settles("late", delivery)
    play.waits()
    other = play.works("other", delivery)
    yield
    assert [late.answer, other.answer].count(Done("settled")) == 1
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens
    assert play.account.articles_remaining == 999


@few_switches(1)
def test_a_worker_wakes_in_its_first_call_while_another_takes_over(play: Play) -> Iterator[None]:
    """Both come to an end in either order; a provider is asked once more at most, by the one that was asleep."""
    job_id = play.submit(1)
    delivery = received(play.house)
    play.works("late", delivery, before="write")
    play.waits()
    play.works("other", delivery)
    yield
    play.quiet()
    assert play.job(job_id).status == Status.COMPLETED
    assert play.calls <= 3
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens


@every_order
def test_the_first_stage_is_settled_late_while_another_takes_over(play: Play) -> Iterator[None]:
    job_id = play.submit(1, "stages")
    delivery = received(play.house)
    play.settles("late", delivery)
    play.waits()
    play.works("other", delivery)
    play.dispatches()
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 4)
    assert play.account.tokens_remaining == TOKENS - 4 * USED.tokens


@every_order
def test_the_first_stage_is_settled_late_while_the_second_is_worked_on(play: Play) -> Iterator[None]:
    job_id = play.submit(1, "stages")
    delivery = received(play.house)
    late = play.settles("late", delivery)
    play.waits()
    play.house.work(delivery)
    play.house.queues.acknowledge(received(play.house))  # the copy that came back when the visibility ended
    play.house.follow()
    play.settles("second stage")
    yield
    assert isinstance(late.answer, Later)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 4)
    assert play.account.tokens_remaining == TOKENS - 4 * USED.tokens


@every_order
def test_two_take_over_from_one_that_died(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    delivery = received(play.house)
    play.settles("dead", delivery).kill()
    play.waits()
    one, other = play.works("one", delivery), play.works("other", delivery)
    yield
    assert Done("settled") in (one.answer, other.answer)
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)
    assert play.house.items(job_id)[0].tries == 2


@every_order
def test_a_message_dies_while_a_worker_begins(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    delivery = received(play.house)
    worker = play.works("worker", delivery)
    grave = play.begins("dead letters", lambda: play.house.bury(delivery))
    yield
    play.quiet()
    job = play.job(job_id)
    assert (job.status == Status.COMPLETED) == (worker.answer == Done("settled"))
    assert (job.status == Status.FAILED) == (grave.answer == Done("failed"))
    assert play.account.tokens_remaining == TOKENS - USED.tokens * 2 * job.completed


@few_switches(1)
def test_a_message_dies_while_its_worker_settles_late_and_another_takes_over(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    delivery = received(play.house)
    play.settles("late", delivery)
    play.waits()
    play.begins("dead letters", lambda: play.house.bury(delivery))
    play.works("other", delivery)
    yield
    play.quiet()
    job = play.job(job_id)
    assert (job.status, job.completed + job.failed) in ((Status.COMPLETED, 1), (Status.FAILED, 1))
    assert play.account.tokens_remaining == TOKENS - USED.tokens * 2 * job.completed
    assert play.calls == 2


@every_order
def test_a_limited_line_pauses_the_job_while_the_user_cancels(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.house.script.at(0, raises(Limited("429", retry_after=600.0)))
    play.settles("worker")
    play.acts("cancel", control.cancel, job_id)
    yield
    play.tidied()
    assert (play.job(job_id).status, play.job(job_id).running) == (Status.CANCELLED, 0)
    assert play.account.tokens_remaining == TOKENS


@every_order
def test_a_line_is_retried_while_its_former_worker_settles(play: Play) -> Iterator[None]:
    """Its message died, it was settled as failed, and its worker is still there."""
    job_id = play.submit(1)
    late = _failed_under(play, job_id)
    play.acts("retry", control.retry, job_id)
    yield
    _is_done_once(play, job_id, late)


@every_order
def test_a_retried_line_is_worked_on_while_its_former_worker_settles(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    late = _failed_under(play, job_id)
    play.act(control.retry, job_id)
    play.works("new")
    yield
    _is_done_once(play, job_id, late)


def _failed_under(play: Play, job_id: str) -> Actor:
    """The worker, about to settle, of a line that its dead letter has failed."""
    delivery = received(play.house)
    late = play.settles("late", delivery)
    play.waits()
    play.house.bury(delivery)
    play.house.acknowledge(delivery)
    play.house.follow()
    assert play.job(job_id).status == Status.FAILED
    return late


def _is_done_once(play: Play, job_id: str, late: Actor) -> None:
    assert late.answer != Done("settled")
    play.quiet()
    assert (play.job(job_id).completed, play.job(job_id).failed) == (1, 0)
    assert play.account.tokens_remaining == TOKENS - 2 * USED.tokens
