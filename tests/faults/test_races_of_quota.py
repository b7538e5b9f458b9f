"""Grants, claims, budgets and settles at the same moment: nothing is given or taken twice, and no job waits for what it
has."""

from collections.abc import Iterator

from penstock.domain.job import PauseReason, Status
from penstock.domain.quota import Needs
from penstock.engine import control
from penstock.engine.idempotency import Once
from penstock.engine.quota import close_account, grant
from tests.faults.races import TOKENS, Play, every_order, few_switches
from tests.faults.steps import received
from tests.toys import CEILING

PLENTY = Needs(TOKENS, 1_000)


@every_order
def test_a_grant_comes_while_a_claim_finds_too_little(play: Play) -> Iterator[None]:
    """Never paused though it can pay: no janitor is needed."""
    play.house.limit(plan=Needs(TOKENS, 1))
    job_id = play.submit(2)
    play.house.work(received(play.house))
    play.works("worker")
    play.begins("grant", lambda: grant(play.house.parts, play.who.user, Needs(0, 1), ""))
    yield
    play.quiet()
    assert (play.job(job_id).status, play.job(job_id).completed) == (Status.COMPLETED, 2)
    assert play.account.articles_remaining == 0


@every_order
def test_a_settle_frees_what_another_claim_is_short_of(play: Play) -> Iterator[None]:
    play.house.limit(plan=Needs(2 * CEILING.tokens - 10, 100))
    job_id = play.submit(2, "stages")
    play.settles("first")
    play.works("second")
    yield
    play.quiet()
    grant(play.house.parts, play.who.user, PLENTY, "")
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 8)


@every_order
def test_a_users_pause_is_not_undone_by_a_grant(play: Play) -> Iterator[None]:
    play.house.limit(plan=Needs(0, 1))
    job_id = play.submit(1)
    play.house.work(received(play.house))
    assert play.job(job_id).pause_reason == PauseReason.TOKENS
    play.begins("grant", lambda: grant(play.house.parts, play.who.user, PLENTY, ""))
    play.acts("pause", control.pause, job_id)
    yield
    assert "pause" in play.done
    play.quiet()
    assert (play.job(job_id).status, play.job(job_id).pause_reason) == (Status.PAUSED, PauseReason.USER)
    assert play.calls == 0


@few_switches(1)
def test_one_grant_sent_twice_is_given_once(play: Play) -> Iterator[None]:
    play.house.limit(plan=Needs(0, 0))
    job_id = play.submit(1)
    play.quiet()
    for name in ("one", "other"):
        play.begins(
            name, lambda: grant(play.house.parts, play.who.user, Needs(CEILING.tokens, 1), "", Once("key", "hash"))
        )
    yield
    play.quiet()
    assert play.job(job_id).status == Status.COMPLETED
    assert play.account.tokens_granted == CEILING.tokens


@every_order
def test_a_budget_is_raised_while_a_claim_finds_it_too_low(play: Play) -> Iterator[None]:
    play.house.limit(plan=PLENTY)
    job_id = play.submit(1, budget=CEILING.cost - 1)
    play.works("worker")
    play.begins("edit", lambda: control.edit(play.house.parts, play.who.user, job_id, budget=CEILING.cost))
    yield
    play.quiet()
    assert (play.job(job_id).status, play.calls) == (Status.COMPLETED, 2)


@every_order
def test_two_lanes_and_money_for_one(play: Play) -> Iterator[None]:
    play.house.limit(plan=Needs(CEILING.tokens, 100))
    job_id = play.submit(2, "stages")
    play.works("one")
    play.works("other")
    yield
    play.quiet()
    job = play.job(job_id)
    assert (job.status, job.pause_reason) == (Status.PAUSED, PauseReason.TOKENS)
    assert play.account.tokens_remaining < CEILING.tokens


@few_switches(1)
def test_an_account_is_closed_while_a_worker_is_at_it(play: Play) -> Iterator[None]:
    job_id = play.submit(1)
    play.works("worker")
    play.begins("close", lambda: close_account(play.house.parts, play.who.user))
    yield
    play.quiet()
    assert play.is_gone(job_id)
    assert (play.account.plan, play.account.tokens_remaining) == ("closed", 0)
    assert play.house.product(f"{job_id}-000000", play.who.user) is None
    assert play.house.bodies(play.who.user) == []
