"""An outage costs nobody's item, and few calls; a line that makes its provider fail stops nobody else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from penstock.domain.breaker import FAULTS_IN_A_ROW, FIRST_WAIT, LONGEST_WAIT
from penstock.domain.errors import Fate
from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Completion, Prompt
from penstock.domain.writes import BreakerOf, Delete, Update
from penstock.engine import control
from penstock.engine.circuit import JITTER, PROBE
from penstock.engine.guard import Guard
from tests.faults.outages import HALF_AN_HOUR, MINUTE, Town, down, forbidden
from tests.faults.saboteur import Saboteur
from tests.house import House
from tests.invariants import check
from tests.queues import PRIORITIES
from tests.toys import MODEL, TOY, USED

pytestmark = pytest.mark.emulator_only("what is measured is the house's clock")

# How often a provider is asked that is down for so long: after 30, 60, 120, 240 s, then every 300 s.
MOST_PROBES = 5 + (HALF_AN_HOUR - 450) / LONGEST_WAIT
# From the end of an outage until the last of those who waited was served: the longest wait, and the janitor's minutes.
T_RECOVERY = LONGEST_WAIT + JITTER + 2 * MINUTE


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def lives_through(town: Town, seconds: float, fate: Callable[[Prompt], Fate]) -> None:
    town.goes_wrong(seconds, fate)
    for _ in town.house.minutes(seconds):
        assert not any(item.status == ItemStatus.FAILED for item in town.items)


def ends_well(town: Town) -> None:
    """Within T_RECOVERY every line is done, and nothing went to the dead letters."""
    assert town.all_done(T_RECOVERY) <= T_RECOVERY
    assert {item.status for item in town.items} == {ItemStatus.DONE}
    assert not town.breaker.is_open
    assert not any(town.house.queues.count(name, dead=True) for name in PRIORITIES)
    check(town.house, ended=True)


# ── outages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_half_an_hour_of_503_takes_two_tries_of_all_users_together(town: Town) -> None:
    town.submits(users=5, lines=20)
    lives_through(town, HALF_AN_HOUR, down)
    assert len(town.failed) == FAULTS_IN_A_ROW
    assert 7 <= len(town.probes) <= MOST_PROBES
    ends_well(town)
    assert town.lost_tries == FAULTS_IN_A_ROW - 1
    assert max(item.tries for item in town.items) == 2
    assert len(town.openings) == len(town.probes) - 1


def test_half_an_hour_of_a_wrong_key_takes_nobodys_try(town: Town) -> None:
    town.submits(users=5, lines=20)
    lives_through(town, HALF_AN_HOUR, forbidden)
    assert len(town.failed) == 1
    assert HALF_AN_HOUR / LONGEST_WAIT - 2 <= len(town.probes) <= HALF_AN_HOUR / LONGEST_WAIT
    ends_well(town)
    assert town.lost_tries == 0


@pytest.mark.parametrize("in_flight", [4, 8])
def test_calls_in_flight_when_it_goes_down_lose_two_tries_together(town: Town, in_flight: int) -> None:
    """Each begins while the ones before it wait, and all of them fail."""
    town.submits(users=in_flight, lines=1)
    for_all, nested = town.goes_wrong(5 * MINUTE, down), [*range(in_flight - 1)]
    fails = town.fails

    def meanwhile(prompt: Prompt) -> Fate | None:
        if nested:
            nested.pop()
            delivery = town.house.receive()
            assert delivery
            town.house.deliver(delivery)
        return fails(prompt)

    town.fails = meanwhile
    for _ in town.house.minutes(for_all - town.house.clock.seconds):
        pass
    assert len(town.failed) == in_flight
    ends_well(town)
    assert town.lost_tries == FAULTS_IN_A_ROW - 1


def test_a_provider_that_flaps_is_called_less_and_less(town: Town) -> None:
    """A minute down, a minute up, for half an hour: it is opened for longer each time, and nobody's line fails."""
    town.submits(users=5, lines=80)
    begin = town.house.clock.seconds
    end = begin + HALF_AN_HOUR

    def flaps(prompt: Prompt) -> Fate | None:
        now = town.house.clock.seconds
        town.house.clock.advance(1)
        return down(prompt) if now < end and (now - begin) // MINUTE % 2 == 0 else None

    town.fails = flaps
    town.all_done(2 * HALF_AN_HOUR)
    assert len(town.failed) <= FAULTS_IN_A_ROW * len(town.openings) + FAULTS_IN_A_ROW
    waits = [each.wait for each in town.openings]
    assert waits[0] == FIRST_WAIT < max(waits)
    assert {item.status for item in town.items} == {ItemStatus.DONE}
    check(town.house, ended=True)


def test_what_is_waited_for_and_since_when_is_said(town: Town) -> None:
    """The first opening is meant, however often it was probed since."""
    town.submits(users=1, lines=2)
    since = town.house.clock.seconds
    lives_through(town, 20 * MINUTE, down)
    (job,) = town.records
    assert (job.status, job.pause_reason, job.breaker) == (Status.PAUSED, PauseReason.PROVIDER, MODEL.provider)
    hour, minute = divmod(int(since) // 60, 60)
    begun = [f"{(hour + (minute + late) // 60) % 24:02}:{(minute + late) % 60:02}" for late in (0, 1)]
    texts = [
        f"Waiting for the provider: toy, since {each} UTC: The provider failed (503): overloaded" for each in begun
    ]
    assert job.error_message in texts


# ── waking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_jobs_go_on_as_soon_as_the_breaker_closes(town: Town) -> None:
    """One user's probe is enough: the others do not wait for the end of their own pause."""
    town.submits(users=3, lines=2)
    lives_through(town, 12 * MINUTE, down)
    first, *others = [who.user for who in town.jobs]
    assert all(job.resume_at and job.resume_at > town.house.clock() for job in town.records)
    town.house.clock.advance(town.breaker.closed_for(town.house.clock()) + 0.001)
    control.resume(town.house.parts, first, town.jobs[next(iter(town.jobs))])
    before = [job.resume_at or 0 for job in town.records[1:]]
    town.house.run(until=town.house.clock.seconds + 1)
    assert not town.breaker.is_open
    assert [town.house.job(job_id, who.user).status for who, job_id in [*town.jobs.items()][1:]] == [Status.PAUSED] * 2
    town.house.sweep()
    town.house.run(until=town.house.clock.seconds + 1)
    assert town.house.clock() < min(before)
    assert not any(job.remaining for job in town.records)
    assert len(others) == 2
    check(town.house, ended=True)


def test_a_job_that_its_user_paused_meanwhile_stays_paused(town: Town) -> None:
    town.submits(users=2, lines=2)
    lives_through(town, 12 * MINUTE, down)
    first, second = town.jobs.items()
    control.pause(town.house.parts, second[0].user, second[1])
    for _ in town.house.minutes(T_RECOVERY):
        pass
    assert town.house.job(first[1], first[0].user).status == Status.COMPLETED
    paused = town.house.job(second[1], second[0].user)
    assert (paused.status, paused.pause_reason, paused.breaker) == (Status.PAUSED, PauseReason.USER, None)
    control.resume(town.house.parts, second[0].user, second[1])
    ends_well(town)


# ── poison ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def poison(prompt: Prompt) -> Fate | None:
    """The first line of every job makes its provider fail."""
    return down(prompt) if prompt.facts.get("line") == 0 else None


def test_a_poison_line_fails_alone_and_the_breaker_stays_closed(town: Town) -> None:
    town.fails = poison
    town.submits(users=1, lines=50)
    town.all_done(10 * MINUTE)
    assert Counter(item.status for item in town.items) == {ItemStatus.DONE: 49, ItemStatus.FAILED: 1}
    assert (len(town.failed), len(town.probes), town.openings) == (TOY.max_tries, 1, [])
    check(town.house, ended=True)


def test_poison_lines_of_many_users_open_nothing(town: Town) -> None:
    """Faults in a row, each of another user: every third one is probed, and the probe is answered."""
    town.fails = poison
    town.submits(users=6, lines=3)
    town.all_done(10 * MINUTE)
    assert Counter(item.status for item in town.items) == {ItemStatus.DONE: 12, ItemStatus.FAILED: 6}
    assert len(town.failed) == 6 * TOY.max_tries
    assert len(town.probes) <= len(town.failed) / FAULTS_IN_A_ROW
    assert town.openings == []
    check(town.house, ended=True)


def test_a_poison_line_and_an_outage_are_told_apart(town: Town) -> None:
    town.submits(users=3, lines=10)
    end = town.house.clock.seconds + HALF_AN_HOUR
    town.fails = lambda prompt: down(prompt) if town.house.clock.seconds < end else poison(prompt)
    for _ in town.house.minutes(HALF_AN_HOUR):
        assert not any(item.status == ItemStatus.FAILED for item in town.items)
    assert len(town.failed) == FAULTS_IN_A_ROW
    town.all_done(T_RECOVERY + 5 * MINUTE)
    assert [item.index for item in town.items if item.status == ItemStatus.FAILED] == [0, 0, 0]
    assert {item.tries for item in town.items if item.status == ItemStatus.FAILED} == {TOY.max_tries}
    assert len(town.failed) == 1 + 3 * TOY.max_tries
    check(town.house, ended=True)


# ── the record ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_record_that_is_deleted_by_hand_is_found_out_again(town: Town) -> None:
    town.submits(users=3, lines=5)
    town.goes_wrong(20 * MINUTE, down)
    minutes = town.house.minutes(20 * MINUTE)
    for _ in range(8):
        next(minutes)
    assert (len(town.failed), town.breaker.is_open) == (FAULTS_IN_A_ROW, True)
    town.house.parts.table.transact([Delete(BreakerOf(MODEL.provider))])
    for _ in minutes:
        pass
    assert len(town.failed) == 2 * FAULTS_IN_A_ROW
    ends_well(town)
    assert town.lost_tries <= 2 * (FAULTS_IN_A_ROW - 1)


def test_a_time_that_nobody_can_have_meant_bars_nobody(town: Town) -> None:
    """Written by a clock that is a day ahead, or by hand."""
    day = town.house.clock() + 86_400_000
    fields = {"open_until": day, "opened_at": day, "reason": "r", "probing_until": day, f"held#{MODEL.id}": day}
    town.house.parts.table.update(Update(BreakerOf(MODEL.provider), set=fields))
    town.submits(users=1, lines=2)
    ends_well(town)
    assert len(town.probes) == 1


def test_the_offline_writer_asks_nobody_and_so_nothing_is_looked_at(house: House) -> None:
    saboteur, said = Saboteur(house), Completion(text="said", usage=USED, written_by="offline")
    parts = replace(house.parts, models=Catalogue([MODEL], offline=True), write=lambda *_: said)
    assert Guard(parts).write(MODEL.id, PROBE, 10.0) is said
    assert saboteur.calls == []
