"""Opaque cursors: over a job's lines, and over rows that are named by a UUIDv7."""

import re

from penstock.domain.errors import FieldError, Invalid

_ROW = re.compile(r"r([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_LINE = re.compile(r"l([0-9]{1,6})")


def row_after(cursor: str | None) -> str | None:
    """The id of the last row that was read."""
    return _named(_ROW, cursor) if cursor is not None else None


def row_cursor(last: str) -> str:
    return f"r{last}"


def line_at(cursor: str | None) -> int:
    """The line to go on from; 0 without a cursor."""
    return int(_named(_LINE, cursor)) if cursor is not None else 0


def line_cursor(line: int) -> str:
    return f"l{line}"


def _named(form: re.Pattern[str], cursor: str) -> str:
    found = form.fullmatch(cursor)
    if found is None:
        raise Invalid(FieldError("cursor", "is none that this service gave out: start again without it."))
    return found.group(1)
