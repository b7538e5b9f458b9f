"""The item record: one line of a job, from its first claim on; and the conditions of the protocol on it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.conditions import NEW, Condition, equals, less, one_of
from penstock.domain.message import ItemMessage
from penstock.domain.quota import Needs


class ItemStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({ItemStatus.DONE, ItemStatus.FAILED, ItemStatus.CANCELLED})
RUNNING = equals("status", ItemStatus.RUNNING)


def mine(fence: str) -> Condition:
    """MINE(f): running under the claim `fence`. All that a settle tests."""
    return RUNNING & equals("fence", fence)


def expired(now: int) -> Condition:
    """EXPIRED: the lease is over, so somebody else may touch the item."""
    return less("lease_until", now)


def abandoned(fence: str, now: int) -> Condition:
    """Running under the claim that was seen, whose lease is over."""
    return mine(fence) & expired(now)


def queued_at(stage: int) -> Condition:
    return equals("status", ItemStatus.QUEUED) & equals("stage", stage)


def waiting(stage: int) -> Condition:
    """Queued at `stage`, or never claimed (which is stage 0)."""
    return queued_at(stage) | NEW if stage == 0 else queued_at(stage)


def reopened(message: ItemMessage) -> Condition:
    """Settled before, and open again: failed before the last retry; for the finish step, settled in an earlier run."""
    if message.is_finish:
        return one_of("status", TERMINAL) & less("run", message.run)
    return equals("status", ItemStatus.FAILED) & less("run", message.retried_in)


def claimable(message: ItemMessage) -> Condition:
    """CLAIMABLE(m): open, not running, and its stage to do is the message's."""
    if message.stage > 0 or not message.reopens:
        return waiting(message.stage)
    return waiting(0) | reopened(message)


def product_id(job_id: str, index: int) -> str:
    """Of what a line's last stage made: sorts by the job's time, then by line, and is the same for every try."""
    return f"{job_id}-{index:06d}"


class Item(BaseModel):
    """`tries` are of this stage since the last retry; `charged` over all stages; `run` is the run of the message that
    claimed or settled it last; `limited` counts 429s in a row. Lease in milliseconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    job_id: str
    index: int
    status: ItemStatus
    stage: int = 0
    fence: str = ""
    tries: int = 0
    limited: int = 0
    run: int = 0
    reserved_tokens: int = 0
    reserved_articles: int = 0
    reserved_cost: int = 0
    charged_tokens: int = 0
    charged_articles: int = 0
    cost: int = 0
    lease_until: int = 0
    error: Mapping[str, str] | None = None
    result: str | None = None
    updated_at: int = 0

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "Item":
        return cls.model_validate(image)

    @property
    def reserved(self) -> Needs:
        return Needs(self.reserved_tokens, self.reserved_articles, self.reserved_cost)

    @property
    def charged(self) -> Needs:
        return Needs(self.charged_tokens, self.charged_articles)

    def stage_to_do(self, retried_in: int) -> int | None:
        """None where the item is settled for good."""
        if self.status == ItemStatus.FAILED and self.run < retried_in:
            return 0
        return None if self.status in TERMINAL else self.stage
