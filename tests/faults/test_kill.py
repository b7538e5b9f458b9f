"""Processes that get SIGKILL at random moments in the middle of 200 items: workers, as on AWS, where everything else
lives on; and the whole of local mode, which goes back to its last snapshot."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Any

import pytest

from bench.penstock import Penstock, User
from local.server import SNAPSHOT_SECONDS
from penstock import wiring
from penstock.domain.message import ItemMessage
from penstock.engine.parts import Parts
from penstock.settings import Settings
from tests.calls import Call, observed
from tests.faults.counting import Asked, Provider
from tests.faults.kinds.chapters import KIND, STEPS
from tests.faults.processes import Follower, Workers, hurried
from tests.history import History
from tests.invariants import Evidence, check

log = logging.getLogger(__name__)

USERS, LINES = 8, 25
CALLS = USERS * LINES * len(STEPS)
WORKERS, KILLED_WORKERS = 6, 12
RESTARTS = 3
# From a call's beginning to its result in a snapshot that is written: the call, its storing, the writing. Seconds.
SLACK = 3.0

Jobs = list[tuple[User, str]]


def submitted(penstock: Penstock) -> Jobs:
    body = {"jobType": KIND.name, "lines": LINES}
    return [(user, user.call("POST", "/api/batch-jobs", body)["data"]["jobId"]) for user in penstock.users(USERS)]


def all_done(jobs: Jobs, seconds: float = 240) -> None:
    """Waits for the jobs to end, every line of them done."""
    end = time.monotonic() + seconds
    for user, job_id in jobs:
        while (job := user.job(job_id))["status"] in ("pending", "processing"):
            assert time.monotonic() < end, job
            time.sleep(0.1)
        assert (job["status"], job["completedItems"], job["failedItems"]) == ("completed", LINES, 0), job


def moments(random: Random, number: int, paid: int) -> list[int]:
    """How many steps are paid for when somebody is killed: more than now, and some are left after the last time."""
    return sorted(random.sample(range(paid + CALLS // 20, CALLS - CALLS // 20), number))


def parts_of(penstock: Penstock, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """The engine's parts in this process, by way of the emulator's port."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", penstock.variables["AWS_ENDPOINT_URL"])
    return wiring.build(Settings.read({**penstock.variables, **penstock.environment}))


class Watch:
    """Looks at the records as each call begins. Nothing in these tests begins a second run."""

    def __init__(self) -> None:
        self.parts: Parts | None = None
        self._calls: dict[int, Call] = {}
        self._numbers = count()

    def __call__(self, asked: dict[str, Any]) -> Callable[[], None]:
        assert self.parts is not None
        number = next(self._numbers)
        message = ItemMessage.model_validate({**asked, "kind": KIND.name, "stage": 0, "run": 1})
        call = self._calls[number] = observed(self.parts, message, asked["step"], number)

        def end() -> None:
            self._calls[number] = replace(call, ended=next(self._numbers))

        return end

    @property
    def calls(self) -> list[Call]:
        return list(self._calls.values())


def test_a_killed_worker_costs_one_call_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random, watch = Random(7), Watch()
    with Provider(random, 0.1, watch) as provider, hurried(tmp_path, provider.address, workers=False) as penstock:
        watch.parts = parts_of(penstock, monkeypatch)
        with Follower(penstock) as follower, Workers(WORKERS, penstock, tmp_path) as workers:
            jobs = submitted(penstock)
            for moment in moments(random, KILLED_WORKERS, 0):
                provider.wait_for(moment)
                time.sleep(random.uniform(0, 0.1))
                workers.kill_one(random)
            all_done(jobs)
        past = History.of(follower.records)
        check(Evidence(watch.parts, past, watch.calls), ended=True)
    assert (len(provider.paid), len(watch.calls)) == (CALLS, len(provider.asked))
    taken_over = sum(len(fences) - 1 for fences in past.fences.values())
    final = {call.process: call for call in provider.asked}
    cut_off = [final[worker] for worker in workers.killed if worker in final]
    again = [repeat for repeat in provider.repeated if repeat.call in cut_off]
    log.info("%d kills: %d items taken over, %d calls made again", KILLED_WORKERS, taken_over, len(again))
    assert [each for each in again if each.stored] == [], "a call was made again though its result was kept"
    assert [each for each in provider.repeated if each not in again and not each.overrun] == [], (
        "nobody was killed in it"
    )
    assert taken_over >= KILLED_WORKERS // 4, "the kills met hardly any work"


@dataclass(frozen=True)
class Loss:
    """From the last snapshot to a kill: seconds since 1970. `worked` is how long local mode worked between them."""

    begin: float
    end: float
    worked: float

    def of(self, call: Asked) -> bool:
        return self.begin - SLACK < call.at <= self.end


def restarted(penstock: Penstock, ready: float) -> Loss:
    """Local mode, ready since then, is killed and starts on what it had kept."""
    penstock.end(SIGKILL)
    killed, kept = time.time(), _snapshot(penstock)
    penstock.start()
    return Loss(kept, killed, killed - max(kept, ready))


def wait_for_a_snapshot(penstock: Penstock) -> None:
    """One that was begun after this call: the second that is written after it."""
    for _ in range(2):
        before = _snapshot(penstock)
        while _snapshot(penstock) == before:
            time.sleep(0.05)


def _snapshot(penstock: Penstock) -> float:
    """When the last one was written, seconds since 1970; 0 before the first."""
    path = penstock.state / "emulator.snapshot"
    return path.stat().st_mtime if path.exists() else 0.0


def test_a_killed_local_mode_loses_what_came_after_its_last_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, losses = Random(3), list[Loss]()
    with Provider(random, 0.3) as provider, hurried(tmp_path, provider.address) as penstock:
        jobs, ready = submitted(penstock), time.time()
        wait_for_a_snapshot(penstock)
        for moment in moments(random, RESTARTS, len(provider.paid)):
            provider.wait_for(moment)
            time.sleep(random.uniform(0, 0.1))
            losses.append(restarted(penstock, ready))
            ready = time.time()
        all_done(jobs)
        with Follower(penstock) as follower:
            pass  # all that there is, is read in the end
        check(Evidence(parts_of(penstock, monkeypatch), History.of(follower.records)), ended=True)
    assert len(provider.paid) == CALLS
    lost = [each for each in provider.repeated if any(loss.of(each.call) for loss in losses)]
    log.info("%s s lost: %d calls of %d made again", [round(loss.worked, 1) for loss in losses], len(lost), CALLS)
    assert max(loss.worked for loss in losses) <= SNAPSHOT_SECONDS + SLACK, losses
    kept = [each for each in provider.repeated if each not in lost]
    one_life = [each for each in kept if each.call.process == each.after.process]
    assert kept == one_life, "a call was made again though a snapshot had its result"
    assert [each for each in one_life if not each.overrun] == [], "a call was made again within a lease"
