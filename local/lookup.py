"""From a reference in the template to the function or resource it means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.description import Function
from local.errors import TemplateError
from local.resources import Found
from local.template import Template


@dataclass(frozen=True)
class Lookup:
    """The template with what exists; every miss is a TemplateError that starts with `where`."""

    template: Template
    found: Found
    functions: Mapping[str, Function]

    def resolved(self, *types: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Logical id and resolved properties of each resource of these types; roles, which are not made, left out."""
        resolver = self.template.intrinsics.knowing(self.found)
        for logical_id, raw in self.template.of_type(*types).items():
            yield logical_id, resolver.resolve(_without_roles(raw), logical_id)

    def function(self, where: str, reference: str) -> Function:
        """The function named by its ARN (also within a longer one) or by its name."""
        _, sign, rest = reference.partition(":function:")
        wanted = rest.partition("/")[0] if sign else reference
        for function in self.functions.values():
            if function.name == wanted:
                return function
        raise TemplateError(where, f"points at {reference}, which is not a function of the template")

    def resource(self, where: str, kind: str, attribute: str, value: str) -> str:
        """What Ref gives for the resource of this type whose attribute has this value."""
        for logical_id in self.template.of_type(kind):
            if self.found[logical_id].get(attribute) == value:
                return str(self.found[logical_id]["Ref"])
        raise TemplateError(where, f"points at {value}, which is not a resource of the template")


def refuse_unknown(where: str, given: Iterable[str], carried: Iterable[str]) -> None:
    """Raises TemplateError for a property that would be skipped silently."""
    unknown = sorted(set(given) - set(carried))
    if unknown:
        raise TemplateError(where, f"{', '.join(unknown)} is not supported in local mode")


def _without_roles(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_roles(each) for key, each in value.items() if key != "RoleArn"}
    return value
