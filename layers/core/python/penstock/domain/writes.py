"""What is to be written, as values: references to records, and the writes of one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.conditions import Condition


@dataclass(frozen=True)
class AccountOf:
    user: str


@dataclass(frozen=True)
class UsernameOf:
    """Which user a name belongs to, for grants by name."""

    username: str


@dataclass(frozen=True)
class SequenceOf:
    """The counter that numbers a user's jobs 1, 2, 3 …"""

    user: str


@dataclass(frozen=True)
class LedgerOf:
    user: str
    id: str


@dataclass(frozen=True)
class UsageOf:
    user: str
    day: str
    kind: str
    model: str


@dataclass(frozen=True)
class IdempotencyOf:
    user: str
    key: str


@dataclass(frozen=True)
class JobOf:
    user: str
    job_id: str


@dataclass(frozen=True)
class SettingsOf:
    job_id: str


@dataclass(frozen=True)
class PageOf:
    """The page of inputs that begins with line `first`."""

    job_id: str
    first: int


@dataclass(frozen=True)
class ItemOf:
    job_id: str
    index: int


@dataclass(frozen=True)
class ProductOf:
    """A user's own record that outlives its job: `collection` is ARTICLE, WEBSITE …"""

    user: str
    collection: str
    id: str


@dataclass(frozen=True)
class BreakerOf:
    """A provider's circuit breaker, and what holds back calls to its models."""

    provider: str


@dataclass(frozen=True)
class MinuteOf:
    """What was asked of a model in one minute of the clock, counted from 1970."""

    model: str
    minute: int


Ref = (
    AccountOf | UsernameOf | SequenceOf | LedgerOf | UsageOf | IdempotencyOf
    | JobOf | SettingsOf | PageOf | ItemOf | ProductOf | BreakerOf | MinuteOf
)  # fmt: skip


@dataclass(frozen=True)
class Put:
    ref: Ref
    fields: Mapping[str, Any]
    when: Condition | None = None


@dataclass(frozen=True)
class Update:
    """`add` are increments; `first` sets an attribute that is not there yet. Without `when`, the record is created if
    absent."""

    ref: Ref
    when: Condition | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    ref: Ref
    when: Condition


@dataclass(frozen=True)
class Delete:
    ref: Ref
    when: Condition | None = None


Write = Put | Update | Check | Delete


@dataclass(frozen=True)
class Refusal:
    """Why a transaction did not commit: for each write, whether its condition failed and the record as it then was."""

    failed: tuple[bool, ...]
    images: tuple[Mapping[str, Any] | None, ...]
