"""Event filter patterns of event source mappings: which records a function wants."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.errors import TemplateError

Pattern = Mapping[str, Any]


def parse(where: str, criteria: Mapping[str, Any] | None) -> tuple[Pattern, ...]:
    """The patterns of a FilterCriteria; an operator that is not carried out raises TemplateError at start."""
    patterns = []
    for entry in (criteria or {}).get("Filters", []):
        try:
            pattern = json.loads(entry["Pattern"])
        except json.JSONDecodeError as wrong:
            raise TemplateError(where, f"filter pattern is not JSON: {entry['Pattern']}") from wrong
        _check(where, pattern)
        patterns.append(pattern)
    return tuple(patterns)


def wanted(record: Any, patterns: Sequence[Pattern]) -> bool:
    """Whether any of the patterns matches; no pattern at all wants everything."""
    return not patterns or any(matches(record, pattern) for pattern in patterns)


def matches(value: Any, pattern: Any) -> bool:
    """Every key of the pattern must match; a list holds alternatives for one leaf."""
    if isinstance(pattern, list):
        return _any_leaf(value, pattern)
    branch = value if isinstance(value, Mapping) else {}
    for key, wish in pattern.items():
        if key == "$or":
            if not any(matches(value, choice) for choice in wish):
                return False
        elif not matches(branch.get(key, _ABSENT), wish):
            return False
    return True


_ABSENT = object()


def _any_leaf(value: Any, rules: Sequence[Any]) -> bool:
    """A list in the record matches if one of its members does."""
    leaves = value if isinstance(value, list) else [value]
    return any(_leaf(leaf, rule) for rule in rules for leaf in leaves)


def _leaf(value: Any, rule: Any) -> bool:
    if isinstance(rule, Mapping):
        ((operator, operand),) = rule.items()
        return OPERATORS[operator](value, operand)
    return value is not _ABSENT and type(value) is type(rule) and value == rule


def _exists(value: Any, operand: bool) -> bool:
    present = value is not _ABSENT and not isinstance(value, Mapping)
    return present is operand


def _prefix(value: Any, operand: Any) -> bool:
    if isinstance(operand, Mapping):
        return isinstance(value, str) and value.lower().startswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.startswith(operand)


def _suffix(value: Any, operand: Any) -> bool:
    if isinstance(operand, Mapping):
        return isinstance(value, str) and value.lower().endswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.endswith(operand)


def _equals_ignore_case(value: Any, operand: str) -> bool:
    return isinstance(value, str) and value.lower() == operand.lower()


def _anything_but(value: Any, operand: Any) -> bool:
    if value is _ABSENT or isinstance(value, Mapping):
        return False
    rules = operand if isinstance(operand, list) else [operand]
    return not any(_leaf(value, rule) for rule in rules)


def _numeric(value: Any, operand: Sequence[Any]) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(COMPARISONS[sign](value, bound) for sign, bound in pairs)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "exists": _exists,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
}


def _check(where: str, pattern: Any) -> None:
    if isinstance(pattern, list):
        for rule in pattern:
            _check_rule(where, rule)
        return
    if not isinstance(pattern, Mapping) or not pattern:
        raise TemplateError(where, f"filter pattern: expected an object or a list of alternatives, not {pattern!r}")
    for key, wish in pattern.items():
        for each in wish if key == "$or" else [wish]:
            _check(where, each)


def _check_rule(where: str, rule: Any) -> None:
    if not isinstance(rule, Mapping):
        return
    unknown = [operator for operator in rule if operator not in OPERATORS]
    if unknown or len(rule) != 1:
        raise TemplateError(where, f"filter pattern: {json.dumps(dict(rule))} is not supported in local mode")
    if "anything-but" in rule:
        but = rule["anything-but"]
        for each in but if isinstance(but, list) else [but]:
            _check_rule(where, each)


def parsed(body: str) -> Any:
    """A message body as patterns see it: JSON where it is JSON, else the text itself."""
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        return body
