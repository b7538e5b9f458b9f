"""What the table's stream tells of the past: every image that a record ever had, judged one after the other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.item import TERMINAL, ItemStatus
from penstock.domain.job import FINISHED, Status
from penstock.store.expressions import decode

Image = Mapping[str, Any]
ENDINGS = {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
# From which status a job comes to which: as TRANSITIONS says it, written down a second time.
STEPS = {
    "pending": {"pending", "processing", "paused", "completed", "failed", "cancelled"},
    "processing": {"pending", "processing", "paused", "completed", "failed", "cancelled"},
    "paused": {"pending", "paused", "cancelled", "failed"},
    "completed": {"completed", "pending"},
    "failed": {"failed", "pending"},
    "cancelled": {"cancelled"},
}


@dataclass
class History:
    """`gone_tokens` and `gone_articles`: by user, what was charged for items of jobs whose records were deleted; their
    own records go some time after it."""

    endings: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    gone_tokens: Counter[str] = field(default_factory=Counter)
    gone_articles: Counter[str] = field(default_factory=Counter)
    items: dict[str, dict[int, Image]] = field(default_factory=dict)  # the newest of each, by job and index
    fences: dict[tuple[str, int], dict[str, Image]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # user by job
    users: set[str] = field(default_factory=set)  # whoever had an account
    closed: set[str] = field(default_factory=set)  # whoever closed it: with it goes all at once
    breaks: int = 0  # how often a breaker was opened, or its provider probed

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> "History":
        """Reads a stream's records, oldest first. Fails at the first image that must not be."""
        history = cls()
        history.take(records)
        return history

    def take(self, records: Iterable[Mapping[str, Any]]) -> None:
        for record in records:
            change = record["dynamodb"]
            key = change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"]
            old, new = (decode(change[name]) if name in change else None for name in ("OldImage", "NewImage"))
            self._take(key, old, new)

    def _take(self, key: tuple[str, str], old: Image | None, new: Image | None) -> None:
        partition, sort = key
        if sort.startswith("ITEM#"):
            self._item(partition.removeprefix("JOB#"), old, new)
        elif sort.startswith("JOB#"):
            if new or partition[5:] not in self.closed:
                _job(sort, old, new)
            if old and new is None:
                self._gone(old)
            if new:
                assert self.owners.setdefault(new["job_id"], new["user"]) == new["user"] == partition[5:], new
        elif sort == "BREAKER" and new:
            before = old or {}
            self.breaks += any(name in new and new[name] != before.get(name) for name in ("open_until", "prober"))
        elif sort == "ACCOUNT" and new:
            self.users.add(new["user"])
            if new["plan"] == "closed":
                self.closed.add(new["user"])
            assert min(new["tokens_remaining"], new["articles_remaining"]) >= 0, f"a balance below zero: {new}"

    def _gone(self, job: Image) -> None:
        for item in self.items.pop(job["job_id"], {}).values():
            self.gone_tokens[job["user"]] += item.get("charged_tokens", 0)
            self.gone_articles[job["user"]] += item.get("charged_articles", 0)

    def _item(self, job_id: str, old: Image | None, new: Image | None) -> None:
        if new is None:
            return
        self.items.setdefault(job_id, {})[new["index"]] = new
        assert new["user"] == self.owners.get(job_id, new["user"]), f"an item of another user's job: {new}"
        if new.get("fence"):
            self.fences.setdefault((job_id, new["index"]), {})[new["fence"]] = new
        self._ending(job_id, old, new)

    def _ending(self, job_id: str, old: Image | None, new: Image) -> None:
        """One terminal transition per item and run; back from there only by a claim of a later run."""
        ended, was_ended = new["status"] in TERMINAL, old is not None and old["status"] in TERMINAL
        if old and was_ended and (not ended or old["status"] != new["status"]):
            reopened = new["run"] > old["run"] and (new["status"] == ItemStatus.RUNNING or ended)
            assert reopened, f"a settled item changes within its run: {old} -> {new}"
        if ended and (not was_ended or (old and new["run"] > old["run"])):
            place = job_id, new["index"], new["run"]
            self.endings[place] += 1
            assert self.endings[place] == 1, f"settled twice in one run: {new}"


def _job(sort: str, old: Image | None, new: Image | None) -> None:
    if new is None:
        assert old is None or (old["running"] == 0 and old["status"] in FINISHED), f"deleted while it lives: {old}"
        return
    counted = new["completed"] + new["failed"] + new["cancelled"] + new["remaining"]
    assert counted == new["total"], f"the counters do not add up: {new}"
    assert min(new[name] for name in ("completed", "failed", "cancelled", "remaining", "running", "settled")) >= 0, new
    if old is None:
        assert (new["status"], new["run"], new["version"]) == (Status.PENDING, 1, 1), new
        return
    assert new["status"] in STEPS[old["status"]], f"{old['status']} -> {new['status']}: {sort}"
    assert new["version"] == old["version"] + 1, f"a write that raised no version: {old} -> {new}"
    assert new["run"] - old["run"] in (0, 1), f"the run jumps: {old} -> {new}"
    if old["status"] in ENDINGS and new["status"] == Status.PENDING:
        assert new["retried_in"] == new["run"] == old["run"] + 1, f"revived by something else than a retry: {new}"
