"""A list as people paste it: trimmed, without blanks and repeats, and what to tell them about those."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from penstock.kinds.documents.text import one_line, shorten
from penstock.kinds.intake.faults import Faults

_SHOWN = 3


@dataclass(frozen=True)
class Entries:
    """`kept` are the entries with the place (from 0) each had in the request; `warnings` count what was left out."""

    kept: list[tuple[int, str]]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    noun: str
    most: int
    longest: int


def split(value: Any) -> Any:
    """For a model's validator: a text becomes the parts between line ends and commas, a list stays."""
    if isinstance(value, str):
        return [part for line in value.splitlines() for part in line.split(",")]
    if isinstance(value, list | tuple):
        return value
    raise ValueError("must be a list, or one text with the entries on lines or between commas")


def distinct(raw: Iterable[str], field: str, limits: Limits, faults: Faults) -> Entries:
    """The entries that remain. Repeats are told ignoring case. Too long, too many, none: faults of `field`."""
    kept: dict[str, tuple[int, str]] = {}
    repeated: list[str] = []
    blank = faulty = 0
    for place, value in enumerate(raw):
        try:
            entry = _entry(value, limits.longest)
        except ValueError as error:
            faulty += 1
            faults.add(f"{field}[{place}]", str(error))
            continue
        if not entry:
            blank += 1
        elif kept.setdefault(entry.casefold(), (place, entry))[0] != place:
            repeated.append(entry)
    if not faulty:
        _check_number(len(kept), field, limits, faults)
    left_out = (*_left_out("blank", blank, limits), *_left_out("repeated", len(repeated), limits, repeated))
    return Entries(list(kept.values()), left_out)


def _entry(value: str, longest: int) -> str:
    entry = one_line(value)
    if len(entry) > longest:
        raise ValueError(f"has {len(entry)} characters, the most is {longest}: shorten it")
    return entry


def _check_number(number: int, field: str, limits: Limits, faults: Faults) -> None:
    if number == 0:
        faults.add(field, f"there is none: give at least one {limits.noun} that is not blank")
    if number > limits.most:
        faults.add(field, f"there are {number:,}, the most in one job is {limits.most:,}: split them over several jobs")


def _left_out(what: str, number: int, limits: Limits, examples: list[str] | None = None) -> list[str]:
    if not number:
        return []
    shown = ", ".join(shorten(example, 40) for example in (examples or [])[:_SHOWN])
    names = f": {shown}{' …' if number > _SHOWN else ''}" if shown else ""
    return [f"{number:,} {what} {limits.noun}{'' if number == 1 else 's'} left out{names}"]
