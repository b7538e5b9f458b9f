"""Articles by the real provider over HTTP, while its server limits, hangs, drips, lies or refuses.

Nothing sleeps: a call that would last until its deadline is cut short, and the house's clock moves by what it would
have taken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from penstock.domain.errors import Transient
from penstock.domain.item import Item, ItemStatus
from penstock.domain.job import PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Completion, Prompt
from penstock.engine.parts import Identity
from penstock.engine.submit import submit
from penstock.engine.work import BACKOFF_SECONDS, LIMITED_IN_A_ROW, LONGEST_RETRY_AFTER
from penstock.kinds import articles
from penstock.providers import catalogue
from penstock.providers.openai import OpenAIWriter
from penstock.providers.transport.waits import OPERATOR_PAUSE
from tests import fake_openai as fake
from tests.calls import Recorder
from tests.clock import WORKER_SECONDS
from tests.fake_openai import FakeOpenAI, Reply, Told, refuses, sends
from tests.house import House
from tests.invariants import check
from tests.queues import PRIORITIES
from tests.views import USER

pytestmark = pytest.mark.emulator_only("what is under attack is the provider")
MODELS = Catalogue(catalogue.load(today=date(2026, 11, 22)), available=["openai"])
MINUTE = 60.0
OUTAGE = 30 * MINUTE
CALLS = 2  # of an article: content, metadata
# How long a call to a silent server really lasts. Seconds.
REAL_PATIENCE = 0.3


class Siege:
    """A house whose articles are written by `server`, which answers each call as `reply` says, or else with an article.
    `asked_at` is the house's time of each."""

    def __init__(self, house: House, server: FakeOpenAI) -> None:
        self.house, self.server = house, server
        self.asked_at: list[float] = []
        self.reply: Callable[[Prompt], Reply | None] = lambda _: None
        self.writer = OpenAIWriter("sk-test", server.url)
        house.recorder = Recorder(house.observer, self._write, house.script.make)
        house.parts = replace(house.parts, kinds=Kinds([articles.KIND]), models=MODELS, write=house.recorder)

    def _write(self, model_id: str, prompt: Prompt, seconds: float) -> Completion:
        model = MODELS.find(model_id)
        assert model
        self.asked_at.append(self.house.clock.seconds)
        reply = self.reply(prompt)
        self.server.answer = fake.always(reply) if reply else fake.written
        silent = reply in SILENT
        try:
            return self.writer.write(model, prompt, REAL_PATIENCE if silent else seconds)
        except Transient:
            self.house.clock.advance(seconds if silent else 0)
            raise

    def submit(self, *keywords: str, who: Identity = USER) -> str:
        body = {"keywords": list(keywords), "settings": {"length": "short", "language": "en"}}
        return submit(self.house.parts, who, articles.Request.model_validate(body)).job_id

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
def siege(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Siege]:
    def refuse(*_: Any) -> int:
        raise AssertionError("a message went to the dead letters")

    with fake.serving() as server:
        siege = Siege(house, server)
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


@pytest.mark.parametrize(
    ("headers", "retry_after"),
    [({}, 0), ({"Retry_After": "20"}, 20), ({"Retry_After": "300"}, 300)],
    ids=["no word", "20 s", "300 s"],
)
def test_half_an_hour_of_429(siege: Siege, headers: dict[str, str], retry_after: float) -> None:
    """Nothing fails, no try is used up, nothing goes to the dead letters. A lane calls three times a minute at most,
    and three times a round in all."""
    begin = siege.house.clock.seconds
    siege.reply = until(siege, begin + OUTAGE, refuses(429, code="rate_limit_exceeded", **headers))
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


def test_each_lane_is_bounded_by_itself(siege: Siege) -> None:
    """Several users at once: the bound is for each of them."""
    end = siege.house.clock.seconds + OUTAGE / 3
    siege.reply = until(siege, end, refuses(429, Retry_After="20"))
    users = [Identity(f"user-{name}", name) for name in ("ann", "bob")]
    jobs = {who.user: siege.submit("one", who=who) for who in users}
    for _ in siege.minutes(OUTAGE / 3 + 3 * MINUTE):
        pass
    for user, job_id in jobs.items():
        assert siege.house.job(job_id, user).completed == 1
        limited = [call.at / 1000 for call in siege.house.recorder.calls if call.user == user and call.limited]
        assert 0 < busiest_minute(limited) <= LIMITED_IN_A_ROW
    check(siege.house, ended=True)


@pytest.mark.parametrize(
    "reply",
    [refuses(401, code="invalid_api_key"), refuses(429, code="insufficient_quota"), fake.page(404)],
    ids=["key", "credit", "address"],
)
def test_what_only_the_operator_can_mend_fails_nobodys_item(siege: Siege, reply: Reply) -> None:
    end = siege.house.clock.seconds + OUTAGE
    siege.reply = until(siege, end, reply)
    job_id = siege.submit(*keywords(3))
    for _ in siege.minutes(OUTAGE - MINUTE):
        job = siege.house.job(job_id)
        assert (job.status, job.pause_reason, job.failed) == (Status.PAUSED, PauseReason.PROVIDER, 0)
        assert "check" in (job.error_message or "") or "credit" in (job.error_message or "")
    assert len(siege.asked_at) <= OUTAGE / OPERATOR_PAUSE + 1
    siege.finish(job_id, within=OPERATOR_PAUSE + 3 * MINUTE)
    assert siege.house.job(job_id).completed == 3


# ── misbehaviour ────────────────────────────────────────────────────────────────────────────────────────────────────

AGAIN: dict[str, Reply] = {
    "hangs": fake.hangs,
    "drips": fake.drips,
    "drips headers": fake.drips_headers,
    "drips a failure": fake.drips_failing,
    "empty": sends(b""),
    "no text": Told(""),
    "cut off": fake.breaks_off,
    "broken json": sends(b'{"choices": [{"mess'),
    "no usage": Told(drop="usage"),
    "html": fake.page(),
    "hangs up": fake.hangs_up,
    "floods": fake.floods,
    "fails": refuses(500),
    "bad gateway": fake.page(502),
}
NEVER: dict[str, tuple[Reply, str]] = {
    "refusal": (Told(None, refusal="I cannot help with that."), "refused_by_model"),
    "filtered": (Told("Half", finish="content_filter"), "content_filter"),
    "truncated": (Told("Half an article", finish="length"), "truncated_answer"),
}
SILENT = (fake.hangs, fake.drips, fake.drips_headers, fake.drips_failing)
BAD: dict[str, Reply] = {**AGAIN, **{name: reply for name, (reply, _) in NEVER.items()}}


@pytest.mark.parametrize("purpose", ["content", "metadata"])
def test_each_misbehaviour_once_costs_a_try_and_no_more(siege: Siege, purpose: str) -> None:
    """One line for each. Only the answers that would come again fail theirs, and what they cost is booked."""
    left = dict(BAD)
    siege.reply = lambda prompt: left.pop(prompt.facts["keyword"], None) if prompt.purpose == purpose else None
    job_id = siege.submit(*BAD)
    siege.finish(job_id, within=2 * len(SILENT) * WORKER_SECONDS)
    found = dict(zip(BAD, siege.items(job_id), strict=True))
    assert left == {}
    assert {name: found[name].status for name in AGAIN} == dict.fromkeys(AGAIN, ItemStatus.DONE)
    assert {name: found[name].tries for name in AGAIN} == dict.fromkeys(AGAIN, 2)
    assert {name: found[name].status for name in NEVER} == dict.fromkeys(NEVER, ItemStatus.FAILED)
    assert {name: (found[name].error or {})["code"] for name in NEVER} == {
        name: code for name, (_, code) in NEVER.items()
    }
    assert all(found[name].cost > 0 and found[name].charged_tokens == 0 for name in NEVER)


@pytest.mark.parametrize("name", ["refusal", "hangs"])
def test_a_poison_keyword_first_of_fifty_does_not_hold_the_others_up(siege: Siege, name: str) -> None:
    siege.reply = lambda prompt: BAD[name] if prompt.facts["keyword"] == "poison" else None
    job_id, began = siege.submit("poison", *keywords(49)), siege.house.clock.seconds
    siege.finish(job_id, within=longest(articles.KIND.max_tries) + 2 * MINUTE)
    job, items = siege.house.job(job_id), siege.items(job_id)
    assert (job.status, job.completed, job.failed) == (Status.COMPLETED, 49, 1)
    assert [item.index for item in items if item.status == ItemStatus.FAILED] == [0]
    tries = 1 if name in NEVER else articles.KIND.max_tries
    poisoned = [call for call in siege.house.recorder.calls if call.index == 0]
    assert (items[0].tries, len(poisoned)) == (tries, tries)
    assert siege.house.clock.seconds - began <= longest(tries) + 2 * MINUTE


def longest(tries: int) -> float:
    """The most that a line may hold up those behind it: every try until its deadline, and the waits between."""
    return tries * WORKER_SECONDS + sum(BACKOFF_SECONDS[: tries - 1])
