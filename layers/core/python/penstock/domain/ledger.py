"""Ledger rows: every change of a user's balance, written by the transaction that makes it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from penstock.domain.quota import Needs
from penstock.domain.writes import LedgerOf, Put


class Entry(StrEnum):
    GRANT = "grant"
    CHARGE = "charge"
    REFUND = "refund"
    NOT_CHARGED = "not_charged"


def entry(user: str, id: str, now: int, what: Entry, change: Needs, about: Mapping[str, Any]) -> Put:
    """`change` is what the balance rises by: negative for a charge. The rows of a user sum to balance + reserved.
    `about` says why: the job and line, or a note."""
    fields = {"type": what, "tokens": change.tokens, "articles": change.articles, "created_at": now, **about}
    return Put(LedgerOf(user, id), fields)
