"""Conditions on a record, as values: the store compiles them for DynamoDB, and the same object judges an old image.

So a claim and the verdict on a refused claim cannot disagree. An absent attribute makes every comparison false, as in
DynamoDB; an absent record is an image of `None`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any, Literal

Image = Mapping[str, Any]
Operator = Literal["=", "<", "<=", ">", ">="]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


class Condition:
    """Combine with `&` and `|`; `holds(image)` evaluates as DynamoDB would."""

    def holds(self, image: Image | None) -> bool:
        raise TypeError(f"{type(self).__name__} does not say whether it holds for {image}")

    def __and__(self, other: "Condition") -> "Condition":
        return All((self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return Any_((self, other))


@dataclass(frozen=True)
class Compare(Condition):
    """Text with text, numbers with numbers: across types nothing holds."""

    attribute: str
    operator: Operator
    value: Any

    def holds(self, image: Image | None) -> bool:
        if image is None or self.attribute not in image:
            return False
        there = image[self.attribute]
        return isinstance(there, str) == isinstance(self.value, str) and _COMPARE[self.operator](there, self.value)


@dataclass(frozen=True)
class OneOf(Condition):
    attribute: str
    values: tuple[Any, ...]

    def holds(self, image: Image | None) -> bool:
        return image is not None and image.get(self.attribute) in self.values


@dataclass(frozen=True)
class Present(Condition):
    attribute: str

    def holds(self, image: Image | None) -> bool:
        return image is not None and self.attribute in image


@dataclass(frozen=True)
class Absent(Condition):
    attribute: str

    def holds(self, image: Image | None) -> bool:
        return image is None or self.attribute not in image


@dataclass(frozen=True)
class All(Condition):
    parts: tuple[Condition, ...]

    def holds(self, image: Image | None) -> bool:
        return all(part.holds(image) for part in self.parts)


@dataclass(frozen=True)
class Any_(Condition):  # noqa: N801 - `Any` is taken by typing
    parts: tuple[Condition, ...]

    def holds(self, image: Image | None) -> bool:
        return any(part.holds(image) for part in self.parts)


def equals(attribute: str, value: Any) -> Condition:
    return Compare(attribute, "=", value)


def less(attribute: str, value: Any) -> Condition:
    return Compare(attribute, "<", value)


def more(attribute: str, value: Any) -> Condition:
    return Compare(attribute, ">", value)


def at_least(attribute: str, value: Any) -> Condition:
    return Compare(attribute, ">=", value)


def at_most(attribute: str, value: Any) -> Condition:
    return Compare(attribute, "<=", value)


def one_of(attribute: str, values: Any) -> Condition:
    return OneOf(attribute, tuple(sorted(values)))


EXISTS = Present("pk")
NEW = Absent("pk")
