"""Turns a validator's findings into `FieldError`s that name the field as the client wrote it, and say what to do."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from penstock.domain.errors import FieldError, Invalid

MOST_SHOWN = 20
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
_WORDING = (
    (re.compile(r"^Field required$"), "is required."),
    (re.compile(r"^Extra inputs are not permitted$"), "is not known here: remove it or check its spelling."),
    (re.compile(r"^Value error, "), ""),
    (re.compile(r"^Input should be "), "must be "),
    (re.compile(r"^(?:\w+ )?should (?:have|be|match) "), lambda found: "must " + found.group().split()[-1] + " "),
    (re.compile(r" after validation, not \d+$"), ""),
)


def invalid(error: ValidationError, value: Any) -> Invalid:
    """`value` is what was validated: it tells a field's name from the name of a branch that the validator tried."""
    return Invalid(*field_errors(error.errors(include_url=False, include_input=False), value))


def field_errors(findings: Iterable[Mapping[str, Any]], value: Any) -> list[FieldError]:
    """One error for each field: what several branches of a union say is joined."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        path = _path([part for part in finding["loc"] if part not in _PLACES] or list(finding["loc"]), value)
        message = _message(str(finding["msg"]))
        messages = found.setdefault(path, [])
        if message not in messages:
            messages.append(message)
    errors = [FieldError(path, " or ".join(messages) + ".") for path, messages in found.items()]
    return _shown(errors)


def _shown(errors: list[FieldError]) -> list[FieldError]:
    hidden = len(errors) - MOST_SHOWN
    if hidden <= 0:
        return errors
    return [*errors[:MOST_SHOWN], FieldError("body", f"has {hidden} further errors: mend these first.")]


def _path(location: Sequence[Any], value: Any) -> str:
    """`settings.maxImages`, `keywords[17]`. Steps that the value lacks are branch names, or a missing field."""
    path = ""
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(step, int) and isinstance(value, list):
            path, value = f"{path}[{step}]", value[step] if step < len(value) else None
        elif isinstance(value, Mapping) and (name := _name(step, value)) is not None:
            path, value = f"{path}.{name}", value[name]
        elif (isinstance(value, Mapping) and last) or value is None:
            path = f"{path}.{step}"
    return path.lstrip(".") or "body"


def _name(step: Any, value: Mapping[str, Any]) -> str | None:
    """The key as it stands in the value: the validator speaks camelCase also of what came in snake_case."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", str(step)).lower()
    return next((name for name in (step, snake) if name in value), None)


def _message(text: str) -> str:
    for pattern, words in _WORDING:
        text = pattern.sub(words, text)
    return text.removesuffix(".")
