"""Partial batch responses: which records of a batch a function reports as failed."""

from collections.abc import Sequence
from typing import Any


class MalformedReport(Exception):
    """The response is not a batch report, so the whole batch counts as failed."""


def reported_failures(answer: Any, ids: Sequence[str]) -> list[str]:
    """The reported ids, each one of `ids`. No answer, or no failures in it, means that all succeeded."""
    if not answer:
        return []
    if not isinstance(answer, dict):
        raise MalformedReport("the response is not an object")
    failures = answer.get("batchItemFailures") or []
    if not isinstance(failures, list):
        raise MalformedReport("batchItemFailures is not a list")
    return [_identifier(entry, ids) for entry in failures]


def _identifier(entry: Any, ids: Sequence[str]) -> str:
    reported = entry.get("itemIdentifier") if isinstance(entry, dict) else None
    if not isinstance(reported, str) or reported not in ids:
        raise MalformedReport(f"batchItemFailures holds {entry!r}, whose itemIdentifier is not of this batch")
    return reported
