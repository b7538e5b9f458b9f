"""All that is wrong with a request, told at once."""

from collections.abc import Callable
from typing import TypeVar

from penstock.domain.errors import FieldError, Invalid

T = TypeVar("T")

MOST = 20


class Faults:
    """Collects faults by field, in the order found; the first 20 are told."""

    def __init__(self) -> None:
        self._found: list[FieldError] = []

    def add(self, field: str, message: str) -> None:
        self._found.append(FieldError(field, message))

    def check(self, field: str, produce: Callable[[], T]) -> T | None:
        """What `produce` gives; None where it raises ValueError, which becomes a fault of `field`."""
        try:
            return produce()
        except ValueError as error:
            self.add(field, str(error))
            return None

    def none_with(self, value: T | None) -> T:
        """`value`, if nothing is wrong with the request; else raises Invalid with the faults."""
        if self._found or value is None:
            raise Invalid(*self._found[:MOST])
        return value
