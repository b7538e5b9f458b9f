"""The message of one item at one stage: all that a worker needs, so that a claim reads nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

# Ten of these fit one SendMessageBatch under the older limit of 256 KiB, too.
MOST_BYTES = 24 * 1024


class ItemMessage(BaseModel):
    """`input` and `settings` are None where they would make the body larger than MOST_BYTES: the worker then reads
    them from the job's pages. Index `total` is the finish step."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    job_id: str
    kind: str
    model: str = ""
    index: int
    stage: int
    run: int
    retried_in: int
    total: int
    input: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None

    @property
    def is_finish(self) -> bool:
        return self.index == self.total

    @property
    def reopens(self) -> bool:
        """May meet an item that is settled and open again."""
        return self.is_finish or self.retried_in > 0

    @property
    def dedup_id(self) -> str:
        """The run is part of it: SQS remembers a dedup id for five minutes, also after the message was deleted."""
        return f"{self.job_id}#{self.index}#{self.stage}#{self.run}"

    @property
    def shelf(self) -> int:
        """Under which number the item's steps are stored: its stage; for the finish step the retry, since other lines
        then stand before it and its former results are outdated."""
        return self.retried_in if self.is_finish else self.stage

    @property
    def position(self) -> str:
        """For people: 3/5."""
        return f"{self.index + 1}/{self.total}"

    def encode(self) -> str:
        body = json.dumps(self.model_dump(), ensure_ascii=False)
        if len(body.encode()) <= MOST_BYTES:
            return body
        return json.dumps({**self.model_dump(), "input": None, "settings": None}, ensure_ascii=False)

    @classmethod
    def decode(cls, body: str) -> "ItemMessage":
        return cls.model_validate_json(body)


@dataclass(frozen=True)
class Outgoing:
    """One message to send. `group` orders, `dedup_id` is remembered by SQS for five minutes."""

    body: str
    group: str
    dedup_id: str
