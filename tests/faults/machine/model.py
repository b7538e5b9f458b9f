"""The model: what users may know of their jobs, in plain dictionaries, learnt from every image that a record had. It
says how each request must be answered, and fails at the first image that nobody asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.quota import Needs
from penstock.store.expressions import decode
from tests.toys import CEILING

Image = Mapping[str, Any]

# A job's state as users tell them apart: its status, but "waiting" where the system paused it, and "gone" once deleted.
# What may become of a job without anybody's asking. Nothing leads from "paused", and nothing from an end.
BY_ITSELF: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"pending", "processing", "waiting", "completed", "failed"}),
    "processing": frozenset({"pending", "processing", "waiting", "completed", "failed"}),
    "waiting": frozenset({"waiting", "pending"}),
    **{state: frozenset({state}) for state in ("paused", "completed", "failed", "cancelled", "gone")},
}
# From which states an action is done (from others it is a conflict), and what the first image after it says.
ACTIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "retry": (frozenset({"completed", "failed"}), "pending"),
    "resume": (frozenset({"paused", "waiting"}), "pending"),
    "pause": (frozenset({"pending", "processing", "waiting"}), "paused"),
    "cancel": (frozenset({"pending", "processing", "paused", "waiting"}), "cancelled"),
    "delete": (frozenset({"completed", "failed", "cancelled"}), "gone"),
}
STAGES = {"toy": 1, "stages": 2, "book": 1}


@dataclass
class Known:
    """One job. `done`: the lines that are, as they were when they ended. `failed`: those that did since the last retry.
    `running`: by line, its claim and what that reserved of the budget. `image`: the newest; None once removed."""

    user: str
    kind: str
    lines: int
    image: Image | None
    state: str = "pending"
    run: int = 1
    cost: int = 0
    finish_failed: bool = False
    done: dict[int, Image] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    running: dict[int, tuple[str, int]] = field(default_factory=dict)

    @property
    def at_work(self) -> bool:
        """Something remains to be done that no user is waited for."""
        if self.image is None:
            return False
        by_time = self.state in ("pending", "processing", "gone") or self.image.get("pause_reason") == "provider"
        return bool(by_time or self.running or (self.state != "waiting" and self.image.get("watch")))

    @property
    def budget(self) -> int | None:
        return self.image.get("budget") if self.image else None

    @property
    def has_waiting_lines(self) -> bool:
        return len(self.done) + len(self.failed) + len(self.running) < self.lines

    @property
    def nothing_failed(self) -> bool:
        return not self.failed and not self.finish_failed

    @property
    def spent(self) -> int:
        return self.cost + sum(reserved for _, reserved in self.running.values())


class Model:
    """`per_step` is what one step uses in tokens; a stage has two steps. `plan`: what a new account is granted."""

    def __init__(self, plan: Needs, per_step: int) -> None:
        self.plan, self.per_stage = plan, min(2 * per_step, CEILING.tokens)
        self.jobs: dict[str, Known] = {}
        self.granted: dict[str, Needs] = {}  # by user: what was answered to be done
        self.booked: dict[str, Needs] = {}  # by user: what the account says of it
        self.balance: dict[str, Needs] = {}
        self.asked: tuple[str, str] | None = None  # the job and action of the request that is being served

    # ── how a request must be answered ──────────────────────────────────────────────────────────────────────────────

    def answer(self, job_id: str, action: str, by: str) -> str:
        job = self.jobs[job_id]
        if by != job.user or job.state == "gone":
            return "not found"
        if job.state not in ACTIONS[action][0] or (action == "retry" and job.nothing_failed):
            return "conflict"
        return "done"

    def answer_to_budget(self, job_id: str, budget: int | None, by: str) -> str:
        """It may not be lower than what is spent or reserved."""
        job = self.jobs[job_id]
        if by != job.user or job.state == "gone":
            return "not found"
        return "conflict" if budget is not None and budget < job.spent else "done"

    def answer_to_grant(self, user: str, amount: Needs) -> str:
        if user not in self.balance:
            return "not found"
        after = self.balance[user] + amount
        return "conflict" if min(after.tokens, after.articles) < 0 else "done"

    def can_pay(self, job: Known) -> bool:
        """What it paused for want of."""
        assert job.image
        needs, left = job.image["pause_needs"], self.balance[job.user]
        budget = job.budget is None or job.budget - job.spent >= needs["cost"]
        return bool(budget and left.tokens >= needs["tokens"] and left.articles >= needs["articles"])

    def waits_for_nothing(self) -> list[Known]:
        """Jobs that are paused for want of what is there."""
        waiting = [job for job in self.jobs.values() if job.state == "waiting" and job.image]
        return [job for job in waiting if job.image and job.image["pause_reason"] != "provider" and self.can_pay(job)]

    # ── what happened ───────────────────────────────────────────────────────────────────────────────────────────────

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        """A stream's records, oldest first."""
        for record in records:
            change = record["dynamodb"]
            partition, sort = change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"]
            old, new = (decode(change[name]) if name in change else None for name in ("OldImage", "NewImage"))
            if sort.startswith("JOB#"):
                self._job(sort.removeprefix("JOB#"), new)
            elif sort.startswith("ITEM#"):
                self._item(self.jobs[partition.removeprefix("JOB#")], old, new)
            elif sort.startswith(("ARTICLE#", "LEDGER#")):
                assert (old, bool(new)) == (None, True), f"what is written once was changed: {old} -> {new}"
            elif sort == "ACCOUNT" and new:
                self._account(new)

    def _account(self, new: Image) -> None:
        self.granted.setdefault(new["user"], self.plan)
        self.booked[new["user"]] = Needs(new["tokens_granted"], new["articles_granted"])
        self.balance[new["user"]] = Needs(new["tokens_remaining"], new["articles_remaining"])

    def _job(self, job_id: str, new: Image | None) -> None:
        job = self.jobs.get(job_id)
        if new is None:
            assert job, job_id
            assert job.state == "gone", f"removed, though nobody deleted it: {job}"
            job.image = None
            return
        if job is None:
            self.jobs[job_id] = Known(new["user"], new["kind"], new["total"], new)
            return
        self._step(job_id, job, new)
        job.cost, job.image, job.finish_failed = new["cost"], new, new.get("finish_failed", False)

    def _step(self, job_id: str, job: Known, new: Image) -> None:
        state, run, finish_failed = state_of(new), new["run"], new.get("finish_failed", False)
        asked = self.asked[1] if self.asked and self.asked[0] == job_id else None
        if asked and job.state in ACTIONS[asked][0] and state == ACTIONS[asked][1]:
            self.asked = None
            if asked == "retry":
                job.failed.clear()
        else:
            assert state in BY_ITSELF[job.state], f"{job.state} -> {state}, though nobody asked for it: {job}"
        assert run == job.run or state == "pending", f"a new run of a job that does not begin anew: {job}"
        if state in ("completed", "failed") and state != job.state:
            every = len(job.failed) == job.lines
            assert len(job.done) + len(job.failed) == job.lines, f"it ends with open lines: {job}"
            assert (state == "failed") == (every or finish_failed), f"not how it ended: {job}"
        if state == "waiting" and job.state != "waiting":
            assert new["pause_reason"] == "provider" or job.has_waiting_lines, f"none of its lines asks for more: {job}"
        job.state, job.run = state, run

    def _item(self, job: Known, old: Image | None, new: Image | None) -> None:
        if new is None:
            assert job.state == "gone", f"a line of a job is removed that nobody deleted: {old}"
            return
        index, status, fence = new["index"], new["status"], str(new.get("fence"))
        if status == "running":
            held = job.running.get(index)
            active = job.state in ("pending", "processing")
            taken_over = old is not None and held is not None and held[0] != fence
            assert active or (held and not taken_over), f"work begins in a job that is {job.state}: {new}"
            assert not (taken_over and old and old["lease_until"] > new["updated_at"]), f"taken from its worker: {new}"
            job.running[index] = fence, new["reserved_cost"]
        else:
            job.running.pop(index, None)
        if index < job.lines:
            self._line(job, old, new)

    def _line(self, job: Known, old: Image | None, new: Image) -> None:
        index, status = new["index"], new["status"]
        if index in job.done:
            assert new == job.done[index], f"a line that was done is changed: {new}"
        if index in job.failed:
            assert status == "failed", f"a line that failed goes on without a retry: {new}"
        if old and old["status"] == "cancelled":
            assert new == old, f"a line that was cancelled goes on: {new}"
        if status == "done" and index not in job.done:
            assert old, new
            assert (old["status"], old["fence"]) == ("running", new["fence"]), f"done without work: {old} -> {new}"
            assert charged(new) == self.charge(job), f"not what it costs: {new}"
            job.done[index] = new
        elif status == "failed":
            assert charged(new) == Needs(), f"a line that failed is charged: {new}"
            job.failed.add(index)
        most = self.charge(job)
        assert charged(new).tokens <= most.tokens, f"charged too much: {new}"
        assert charged(new).articles <= most.articles, f"charged too much: {new}"

    def charge(self, job: Known) -> Needs:
        """Of a line that is done: what its steps used, each stage up to its ceiling."""
        return Needs(self.per_stage * STAGES[job.kind], CEILING.articles * STAGES[job.kind])


def charged(item: Image) -> Needs:
    return Needs(item.get("charged_tokens", 0), item.get("charged_articles", 0))


def state_of(job: Image) -> str:
    if job.get("deleted_at"):
        return "gone"
    if job["status"] == "paused":
        return "paused" if job["pause_reason"] == "user" else "waiting"
    return str(job["status"])
