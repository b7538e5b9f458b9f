"""CloudFormation's intrinsic functions, resolved to plain values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.errors import TemplateError

Attributes = Mapping[str, Mapping[str, Any]]

PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
LITERAL_PLACEHOLDER = re.compile(r"\$\{!([^}]*)\}")


class NoValue:
    """Stands for AWS::NoValue: the property or list entry that holds it vanishes."""


NO_VALUE = NoValue()


def text(value: Any) -> str:
    """A scalar as CloudFormation writes it into a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Intrinsics:
    """Resolves values against parameters (pseudo parameters included), conditions, mappings and resources.

    `attributes[logical_id]` holds what GetAtt answers, and what Ref answers under "Ref".
    A name nobody knows raises TemplateError with the place given as `where`.
    """

    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    def knowing(self, attributes: Attributes) -> "Intrinsics":
        """The same, with these resources."""
        return replace(self, attributes=attributes)

    def resolve(self, value: Any, where: str) -> Any:
        """`value` with every function replaced; entries that resolve to AWS::NoValue are left out."""
        if isinstance(value, list):
            return [item for item in (self.resolve(each, where) for each in value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) and is_function(name):
            return self._call(name, value[name], where)
        resolved = ((key, self.resolve(each, where)) for key, each in value.items())
        return {key: each for key, each in resolved if each is not NO_VALUE}

    def holds(self, condition: str, where: str) -> bool:
        """Whether the named condition of the template is true."""
        if condition not in self.conditions:
            raise TemplateError(where, f"condition {condition} is not defined in the template")
        return bool(self.resolve(self.conditions[condition], f"condition {condition}"))

    def _call(self, name: str, argument: Any, where: str) -> Any:
        function = FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(where, f"{name} is not supported in local mode")
        return function(self, argument, where)

    def ref(self, name: Any, where: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        return self._attribute(str(name), "Ref", where)

    def get_att(self, argument: Any, where: str) -> Any:
        logical_id, attribute = argument if isinstance(argument, list) else str(argument).split(".", 1)
        return self._attribute(logical_id, attribute, where)

    def _attribute(self, logical_id: str, attribute: str, where: str) -> Any:
        known = self.attributes.get(logical_id, {})
        if attribute not in known:
            wanted = logical_id if attribute == "Ref" else f"{logical_id}.{attribute}"
            raise TemplateError(where, f"refers to {wanted}, which has no value in local mode")
        return known[attribute]

    def substitute(self, argument: Any, where: str) -> str:
        pattern, given = argument if isinstance(argument, list) else (argument, {})
        values = {key: self.resolve(each, where) for key, each in given.items()}

        def replacement(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in values:
                return text(values[name])
            return text(self.get_att(name, where) if "." in name else self.ref(name, where))

        return LITERAL_PLACEHOLDER.sub(r"${\1}", PLACEHOLDER.sub(replacement, pattern))

    def join(self, argument: Any, where: str) -> str:
        separator, parts = argument
        return str(separator).join(text(part) for part in self.resolve(parts, where))

    def split(self, argument: Any, where: str) -> list[str]:
        separator, whole = self.resolve(argument, where)
        return str(whole).split(separator)

    def select(self, argument: Any, where: str) -> Any:
        index, choices = self.resolve(argument, where)
        return choices[int(index)]

    def find_in_map(self, argument: Any, where: str) -> Any:
        name, first, second = self.resolve(argument, where)
        try:
            return self.mappings[name][first][second]
        except KeyError as missing:
            raise TemplateError(where, f"Fn::FindInMap finds no {missing} in mapping {name}") from missing

    def choose(self, argument: Any, where: str) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self.holds(condition, where) else otherwise, where)

    def equals(self, argument: Any, where: str) -> bool:
        left, right = self.resolve(argument, where)
        return text(left) == text(right)

    def negate(self, argument: Any, where: str) -> bool:
        return not self.resolve(argument, where)[0]

    def all_of(self, argument: Any, where: str) -> bool:
        return all(self.resolve(argument, where))

    def any_of(self, argument: Any, where: str) -> bool:
        return any(self.resolve(argument, where))


def is_function(name: str) -> bool:
    """Whether a one-key mapping with this key is a function call rather than data."""
    return name in FUNCTIONS or name.startswith("Fn::")


FUNCTIONS: dict[str, Callable[[Intrinsics, Any, str], Any]] = {
    "Ref": Intrinsics.ref,
    "Condition": Intrinsics.holds,
    "Fn::GetAtt": Intrinsics.get_att,
    "Fn::Sub": Intrinsics.substitute,
    "Fn::Join": Intrinsics.join,
    "Fn::Split": Intrinsics.split,
    "Fn::Select": Intrinsics.select,
    "Fn::FindInMap": Intrinsics.find_in_map,
    "Fn::If": Intrinsics.choose,
    "Fn::Equals": Intrinsics.equals,
    "Fn::Not": Intrinsics.negate,
    "Fn::And": Intrinsics.all_of,
    "Fn::Or": Intrinsics.any_of,
}
