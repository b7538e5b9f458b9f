"""Articles by each real provider over HTTP, while its server limits, hangs, drips, lies or refuses.

Nothing sleeps: a call that would last until its deadline is cut short, and the house's clock moves by what it would
have taken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from penstock.domain.errors import Transient
from penstock.domain.item import Item, ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Completion, Prompt
from penstock.engine.circuit import PROBE
from penstock.engine.parts import Identity
from penstock.engine.submit import submit
from penstock.engine.work import BACKOFF_SECONDS, LIMITED_IN_A_ROW, LONGEST_RETRY_AFTER
from penstock.kinds import articles
from penstock.kinds.intake.keywords import Request
from penstock.providers import catalogue
from penstock.providers.transport.waits import OPERATOR_PAUSE
from tests.calls import Recorder
from tests.clock import WORKER_SECONDS
from tests.fake_openai import FakeOpenAI, Reply, always
from tests.faults.vendors import SILENT, VENDORS, Vendor
from tests.house import House
from tests.invariants import check
from tests.queues import PRIORITIES
from tests.views import USER

pytestmark = pytest.mark.emulator_only("what is under attack is the provider")
BY_EACH = pytest.mark.parametrize("vendor", VENDORS, indirect=True)
MINUTE = 60.0
OUTAGE = 30 * MINUTE
CALLS = 2  # of an article: content, metadata
# How long a call to a silent server really lasts. Seconds.
REAL_PATIENCE = 0.3


class Siege:
    """A house whose articles are written by `server`, which answers each call as `reply` says, or else with an article.
    `asked_at` is the house's time of each; `probed_at` that of the probes."""

    def __init__(self, house: House, server: FakeOpenAI, vendor: Vendor) -> None:
        self.house, self.server, self.vendor = house, server, vendor
        self.models = Catalogue(catalogue.load(today=date(2026, 11, 22)), available=[vendor.name])
        self.asked_at: list[float] = []
        self.probed_at: list[float] = []
        self.reply: Callable[[Prompt], Reply | None] = lambda _: None
        self.writer = vendor.writer("sk-test", server.url)
        house.recorder = Recorder(house.observer, self._write, house.script.make)
        house.parts = replace(house.parts, kinds=Kinds([articles.KIND]), models=self.models, write=house.recorder)

    def _write(self, model_id: str, prompt: Prompt, seconds: float) -> Completion:
        model = self.models.find(model_id)
        assert model
        (self.probed_at if prompt == PROBE else self.asked_at).append(self.house.clock.seconds)
        reply = self.reply(prompt)
        self.server.answer = always(reply) if reply else self.vendor.written
        silent = reply in SILENT
        try:
            return self.writer.write(model, prompt, REAL_PATIENCE if silent else seconds)
        except Transient:
            self.house.clock.advance(seconds if silent else 0)
            raise

    def submit(self, *keywords: str, who: Identity = USER) -> str:
        body = {"keywords": list(keywords), "settings": {"length": "short", "language": "en"}}
        return submit(self.house.parts, who, Request.model_validate(body)).job_id

    def minutes(self, seconds: float) -> Iterator[None]:
        """The house works, and the janitor comes every minute, for as long as `seconds`; yields once all is quiet."""
        end = self.house.clock.seconds + seconds
        while self.house.clock.seconds < end:
            self.house.run()
            assert not any(self.house.queues.count(name, dead=True) for name in PRIORITIES)
            yield
            self.house.clock.now += 60_000 - self.house.clock.now % 60_000
            self.house.sweep()

    def finish(self, *job_ids: str, within: float) -> None:
        """All jobs come to their end in that time."""
        for _ in self.minutes(within):
            if all(self.house.job(job_id).status in ENDED for job_id in job_ids):
                break
        assert {self.house.job(job_id).status for job_id in job_ids} <= ENDED
        check(self.house, ended=True)

    def items(self, job_id: str) -> list[Item]:
        return sorted(self.house.items(job_id), key=lambda item: item.index)


ENDED = {Status.COMPLETED, Status.FAILED}


@pytest.fixture
def vendor(request: pytest.FixtureRequest) -> Vendor:
    """OpenAI, where a test names none."""
    return VENDORS[getattr(request, "param", "openai")]


@pytest.fixture
def siege(house: House, monkeypatch: pytest.MonkeyPatch, vendor: Vendor) -> Iterator[Siege]:
    def refuse(*_: Any) -> int:
        raise AssertionError("a message went to the dead letters")

    with vendor.serving() as server:
        siege = Siege(house, server, vendor)
        monkeypatch.setattr("functions.dead_letters.handler", refuse)
        yield siege
        siege.writer.close()


def keywords(number: int) -> list[str]:
    return [f"keyword {each:02}" for each in range(number)]


def until(siege: Siege, end: float, reply: Reply) -> Callable[[Prompt], Reply | None]:
    """`reply` until the house's clock says `end`, then articles."""
    return lambda _: reply if siege.house.clock.seconds < end else None


def busiest_minute(times: Sequence[float]) -> int:
    return max((sum(start <= each < start + MINUTE for each in times) for start in times), default=0)


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def shortest_round(retry_after: float) -> float:
    """The least time between the first calls of two rounds: a lane asks three times, and then its job pauses."""
    if retry_after > LONGEST_RETRY_AFTER:
        return retry_after
    waits = [max(retry_after, least / 2) for least in BACKOFF_SECONDS[: LIMITED_IN_A_ROW - 1]]
    return sum(waits) + LONGEST_RETRY_AFTER


@BY_EACH
@pytest.mark.parametrize("retry_after", [0, 20, 300], ids=["no word", "20 s", "300 s"])
def test_half_an_hour_of_429(siege: Siege, retry_after: float) -> None:
    """Nothing fails, no try is used up, nothing goes to the dead letters. A lane calls three times a minute at most,
    and three times a round in all."""
    begin = siege.house.clock.seconds
    siege.reply = until(siege, begin + OUTAGE, siege.vendor.limited(retry_after))
    job_id = siege.submit(*keywords(10))
    for _ in siege.minutes(OUTAGE):
        if siege.house.clock.seconds < begin + OUTAGE:
            assert all((item.tries, item.status) == (0, ItemStatus.QUEUED) for item in siege.items(job_id))
            assert siege.house.job(job_id).pause_reason == PauseReason.PROVIDER
    limited = [each for each in siege.asked_at if each < begin + OUTAGE]
    rounds = OUTAGE / shortest_round(retry_after) + 1
    assert busiest_minute(limited) <= LIMITED_IN_A_ROW
    assert OUTAGE / max(retry_after, 2 * MINUTE) - 1 <= len(limited) <= LIMITED_IN_A_ROW * rounds
    siege.finish(job_id, within=max(retry_after, LONGEST_RETRY_AFTER) + 2 * MINUTE)
    assert (siege.house.job(job_id).completed, siege.house.job(job_id).failed) == (10, 0)
    assert {item.tries for item in siege.items(job_id)} == {1}
    assert len(siege.server.asked) == len(limited) + 10 * CALLS


def test_a_limit_that_one_lane_meets_holds_back_all_of_them(siege: Siege) -> None:
    """Of several users at once, one asks again when the provider said, and nobody's try is used up."""
    begin = siege.house.clock.seconds
    siege.reply = until(siege, begin + OUTAGE / 3, siege.vendor.limited(20))
    users = [Identity(f"user-{name}", name) for name in ("ann", "bob", "cat", "dan")]
    jobs = {who.user: siege.submit("one", who=who) for who in users}
    for _ in siege.minutes(OUTAGE / 3 + 3 * MINUTE):
        pass
    assert {siege.house.job(job_id, user).completed for user, job_id in jobs.items()} == {1}
    limited = [each for each in siege.asked_at if each < begin + OUTAGE / 3]
    assert min(later - earlier for earlier, later in pairwise(limited)) >= 20
    assert {item.tries for job_id in jobs.values() for item in siege.items(job_id)} == {1}
    check(siege.house, ended=True)


@BY_EACH
@pytest.mark.parametrize("name", ["key", "credit", "address"])
def test_what_only_the_operator_can_mend_fails_nobodys_item(siege: Siege, name: str) -> None:
    end = siege.house.clock.seconds + OUTAGE
    siege.reply = until(siege, end, siege.vendor.operators[name])
    job_id = siege.submit(*keywords(3))
    for _ in siege.minutes(OUTAGE - MINUTE):
        job = siege.house.job(job_id)
        assert (job.status, job.pause_reason, job.failed) == (Status.PAUSED, PauseReason.PROVIDER, 0)
        assert "check" in (job.error_message or "") or "credit" in (job.error_message or "")
    assert len(siege.asked_at) == 1
    assert len(siege.probed_at) <= OUTAGE / OPERATOR_PAUSE
    siege.finish(job_id, within=OPERATOR_PAUSE + 3 * MINUTE)
    assert siege.house.job(job_id).completed == 3


# ── misbehaviour ────────────────────────────────────────────────────────────────────────────────────────────────────


@BY_EACH
@pytest.mark.parametrize("purpose", ["content", "metadata"])
def test_each_misbehaviour_once_costs_a_try_and_no_more(siege: Siege, purpose: str) -> None:
    """One line for each. Only the answers that would come again fail theirs, and what they cost is booked."""
    again, never = siege.vendor.again, siege.vendor.never
    left = siege.vendor.bad
    siege.reply = lambda prompt: left.pop(str(prompt.facts.get("keyword")), None) if prompt.purpose == purpose else None
    job_id = siege.submit(*left)
    siege.finish(job_id, within=2 * len(SILENT) * WORKER_SECONDS)
    found = dict(zip(siege.vendor.bad, siege.items(job_id), strict=True))
    assert left == {}
    assert {name: found[name].status for name in again} == dict.fromkeys(again, ItemStatus.DONE)
    assert {name: found[name].tries for name in again} == dict.fromkeys(again, 2)
    assert {name: found[name].status for name in never} == dict.fromkeys(never, ItemStatus.FAILED)
    assert {name: (found[name].error or {})["code"] for name in never} == {
        name: code for name, (_, code) in never.items()
    }
    assert all(found[name].cost > 0 and found[name].charged_tokens == 0 for name in never)


@pytest.mark.parametrize("name", ["refusal", "hangs"])
def test_a_poison_keyword_first_of_fifty_does_not_hold_the_others_up(siege: Siege, name: str) -> None:
    siege.reply = lambda prompt: siege.vendor.bad[name] if prompt.facts.get("keyword") == "poison" else None
    job_id, began = siege.submit("poison", *keywords(49)), siege.house.clock.seconds
    siege.finish(job_id, within=longest(articles.KIND.max_tries) + 2 * MINUTE)
    job, items = siege.house.job(job_id), siege.items(job_id)
    assert (job.status, job.completed, job.failed) == (Status.COMPLETED, 49, 1)
    assert [item.index for item in items if item.status == ItemStatus.FAILED] == [0]
    tries = 1 if name in siege.vendor.never else articles.KIND.max_tries
    poisoned = [call for call in siege.house.recorder.calls if call.index == 0]
    assert (items[0].tries, len(poisoned)) == (tries, tries)
    assert siege.house.clock.seconds - began <= longest(tries) + 2 * MINUTE


def longest(tries: int) -> float:
    """The most that a line may hold up those behind it: every try until its deadline, and the waits between."""
    return tries * WORKER_SECONDS + sum(BACKOFF_SECONDS[: tries - 1])
