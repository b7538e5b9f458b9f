"""Real threads: many requests and many workers at once, over HTTP and through the handlers."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from penstock import wiring
from penstock.domain.job import PauseReason, Status
from penstock.domain.kind import Kinds
from penstock.domain.quota import Needs
from penstock.engine.quota import grant
from penstock.kinds.documents import html
from penstock.routes.app import build
from tests.api import JOBS, Api, Reply, created
from tests.faults.crowds import staffed, together
from tests.faults.steps import pass_time
from tests.house import House
from tests.invariants import check
from tests.toys import STAGES, TOY
from tests.views import USER

WORKERS = 5
PRIORITIES = ("high", "normal", "low")


@pytest.fixture
def crowded(house: House) -> Iterator[Api]:
    """Jobs of one user that run side by side, each in five lanes; threads that leave each other little time."""
    kinds = Kinds([replace(TOY, lanes=WORKERS, jobs_at_once=20), STAGES])
    house.parts = replace(house.parts, kinds=kinds)
    house.limit(window=10, plan=Needs(1_000_000, 50))
    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    yield Api(build(house.parts, html.clean, wiring.word_document))
    sys.setswitchinterval(usual)


def test_twenty_requests_and_five_workers_at_the_edge_of_a_quota(crowded: Api, house: House) -> None:
    """Fifty articles are there and two hundred are asked for: fifty are made; with the rest granted, the others are."""
    body = {"jobType": "toy", "lines": 10}
    asks = [_post(crowded, JOBS, {**body, "priority": PRIORITIES[number % 3]}) for number in range(20)]
    with staffed(house, WORKERS):
        replies = together(asks)
    house.run()
    assert [reply.status for reply in replies] == [201] * 20
    assert sum(job.completed for job in house.jobs()) == 50
    assert house.account().articles_remaining == 0
    unfinished = [job for job in house.jobs() if job.status != Status.COMPLETED]
    assert {(job.status, job.pause_reason) for job in unfinished} == {(Status.PAUSED, PauseReason.ARTICLE_LIMIT)}
    check(house, ended=True)
    with staffed(house, WORKERS):
        grant(house.parts, USER.user, Needs(0, 150), "the rest")
    house.run()
    assert {(job.status, job.completed) for job in house.jobs()} == {(Status.COMPLETED, 10)}
    assert house.account().articles_remaining == 0
    assert set(house.script.calls.values()) == {20}, "every step of every line, once"
    check(house, ended=True)


def test_one_request_sent_eight_times_at_once_makes_one_job(crowded: Api, house: House) -> None:
    body = {"jobType": "toy", "lines": 3}
    with staffed(house, WORKERS):
        replies = together([_post(crowded, JOBS, body, Idempotency_Key="one")] * 8)
    house.run()
    assert {reply.status for reply in replies} == {201}
    assert len({reply.data["jobId"] for reply in replies}) == 1
    assert [(job.status, job.completed) for job in house.jobs()] == [(Status.COMPLETED, 3)]
    assert house.script.calls.total() == 6
    check(house, ended=True)


def test_eight_resumes_at_once_make_one_run(crowded: Api, house: House) -> None:
    path = f"{JOBS}/{created(crowded, 10)}"
    assert crowded.post(f"{path}/pause").status == 200
    with staffed(house, WORKERS):
        replies = together([_post(crowded, f"{path}/resume")] * 8)
    house.run()
    assert Counter(reply.status for reply in replies) == {200: 1, 409: 7}
    (job,) = house.jobs()
    assert (job.status, job.run) == (Status.COMPLETED, 2)
    check(house, ended=True)


def _storm(crowded: Api, house: House, seed: int) -> None:
    """Six users' hands on one job while it runs, whatever they like; then its user lets it go on."""
    house.limit(plan=Needs(1_000_000, 1_000))
    crowded = Api(build(house.parts, html.clean, wiring.word_document))
    job_id = created(crowded, 12, budget=10**9)
    path = f"{JOBS}/{job_id}"
    with staffed(house, WORKERS, janitors=1):
        replies = together([_whims(crowded, path, seed * 10 + number) for number in range(6)])
    assert {reply.status for each in replies for reply in each} <= {200, 409}
    _let_go_on(crowded, house, path)
    job = house.job(job_id)
    assert job.status in (Status.COMPLETED, Status.CANCELLED), job
    assert house.script.calls.total() <= 2 * 12 + job.failed
    check(house, ended=True)


def _whims(api: Api, path: str, seed: int) -> Callable[[], list[Reply]]:
    rolls = random.Random(seed)
    acts = rolls.choices(["pause", "resume", "retry", "rename", "cancel"], weights=[8, 12, 3, 3, 0.2], k=8)

    def act(name: str) -> Reply:
        return api.patch(path, {"name": name}) if name == "rename" else api.post(f"{path}/{name}")

    return lambda: [act(name) for name in acts]


def _let_go_on(api: Api, house: House, path: str) -> None:
    pass_time(house, 1)
    if api.get(path).data["status"] == "paused":
        assert api.post(f"{path}/resume").status == 200
    pass_time(house, 2)


@pytest.mark.parametrize("seed", range(4))
def test_a_storm_of_controls_ends_well(crowded: Api, house: House, seed: int) -> None:
    _storm(crowded, house, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_hundred_storms_end_well(crowded: Api, house: House, seed: int) -> None:
    _storm(crowded, house, seed)


def _post(api: Api, path: str, body: Any = None, **headers: str) -> Callable[[], Reply]:
    return lambda: api.post(path, body, **headers)
