"""The transition table, and what a job's record says about itself."""

from datetime import timedelta
from typing import Any

import pytest

from penstock.domain.conditions import Present, equals
from penstock.domain.job import (
    ACTIVE,
    TRANSITIONS,
    Action,
    Job,
    Status,
    change,
    current,
    ended,
    may,
    new_run,
    unexpired,
)
from penstock.domain.writes import JobOf

# The table of the architecture, written out once more by hand.
ALLOWED = {
    Action.START: "pending processing",
    Action.PAUSE: "pending processing",
    Action.RESUME: "paused",
    Action.CANCEL: "pending processing paused",
    Action.FINISH: "pending processing",
    Action.RETRY: "completed failed",
    Action.EXPIRE: "pending processing paused",
    Action.DELETE: "completed failed cancelled",
    Action.EDIT: "pending processing paused completed failed cancelled",
}


def job(**fields: Any) -> Job:
    zero = ("cursor", "sent", "settled", "completed", "failed", "cancelled", "running", "stalls", "retried_in")
    spent = ("tokens_used", "articles_used", "cost", "tokens_at_start", "articles_at_start")
    counters = dict.fromkeys((*zero, *spent, "created_at", "updated_at", "last_activity_at"), 0)
    base = {
        "user": "u",
        "job_id": "j",
        "number": 1,
        "kind": "k",
        "name": "n",
        "priority": "normal",
        "status": "pending",
    }
    return Job.of({**counters, **base, "run": 1, "version": 1, "total": 5, "remaining": 5, "budget_left": 1, **fields})


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_each_action_is_possible_exactly_where_the_table_says(action: Action, status: Status) -> None:
    assert may(action).holds({"status": status}) == (status in ALLOWED[action].split())
    assert not may(action).holds(None)


def test_every_action_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Action)


def test_current_needs_the_run_and_an_active_status() -> None:
    assert current(2).holds({"status": "processing", "run": 2})
    assert not current(2).holds({"status": "processing", "run": 1})
    assert not current(2).holds({"status": "paused", "run": 2})


def test_a_job_without_a_deadline_does_not_expire() -> None:
    assert unexpired(5).holds({"status": "pending"})
    assert unexpired(5).holds({"expires_at": 6})
    assert not unexpired(5).holds({"expires_at": 5})
    assert job(expires_at=5).expired(5)
    assert not job(expires_at=6).expired(5)
    assert not job(expires_at=5, status="completed").expired(5)


def test_every_write_raises_the_version_and_creates_nothing() -> None:
    write = change(JobOf("u", "j"), 7, ACTIVE, set={"name": "x"}, add={"running": 1})
    assert write.add == {"version": 1, "running": 1}
    assert write.set == {"updated_at": 7, "name": "x"}
    assert write.when is not None
    assert not write.when.holds(None)
    assert (Present("pk") & equals("status", "pending")).holds({"pk": "p", "status": "pending"})


def test_a_new_run_begins_at_the_first_line_and_forgets_why_it_paused() -> None:
    fields = new_run(9)
    assert (fields["status"], fields["cursor"], fields["sent"], fields["settled"], fields["watch"]) == (
        "pending",
        0,
        0,
        0,
        True,
    )
    assert fields["pause_reason"] is fields["resume_at"] is fields["completed_at"] is None


@pytest.mark.parametrize(("failed", "verdict"), [(0, "completed"), (4, "completed"), (5, "failed")])
def test_a_job_failed_only_if_every_line_did(failed: int, verdict: str) -> None:
    assert job(failed=failed).verdict == verdict


def test_an_ended_job_is_kept_as_long_as_its_kind_says() -> None:
    assert ended(Status.COMPLETED, 5_000, None)["ttl"] is None
    assert ended(Status.COMPLETED, 5_000, timedelta(days=1))["ttl"] == 5 + 86_400
