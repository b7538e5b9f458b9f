"""What is handed to a world: somebody's submission, and the fault that somebody's work meets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity
from tests.faults.saboteur import Fault, dies_after, dies_before


@dataclass(frozen=True)
class Strike:
    """The fault that call number `at` of somebody's work meets."""

    at: int
    fault: Fault

    @property
    def takes_time(self) -> bool:
        return self.fault not in (dies_before, dies_after)


@dataclass(frozen=True)
class Submission:
    who: Identity
    body: Mapping[str, Any]
    key: str | None = None

    @property
    def once(self) -> Once | None:
        return Once(self.key, str(sorted(self.body.items()))) if self.key else None
