"""The one tree of errors. `routes/problems.py` maps it to HTTP; `engine/work.py` maps the fates to what becomes of an
item.

PenstockError
├── Invalid             the request is wrong; names each field and its remedy        422
├── Malformed           the request cannot be read at all                            400
├── TooLarge            the request is over a stated limit                           413
├── Unauthenticated / Forbidden                                                      401 / 403
├── NotFound            no such thing, or another user's                             404
├── Conflict            the present state does not allow it; names the state         409
├── Contention          the table would not commit in time; nothing was changed      503
└── Fate                how an item's work ended, if not well
    ├── Refused         bad input, content filter, unknown model: fails at once
    ├── Transient       5xx, timeout, dropped connection: another try
    ├── Limited         429, or a provider that nobody should ask now: not a try
    ├── OutOfTime       the worker's own deadline, after newly stored work: not a try
    └── Stopped         the job was cancelled between two steps
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from penstock.domain.quota import Usage


class PenstockError(Exception):
    """`code` is stable and machine-readable; `message` is for people; `details` is JSON."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, details: Mapping[str, Any] | None = None, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.reason = code or self.code


@dataclass(frozen=True)
class FieldError:
    """`field` is a path as the client wrote it (`settings.maxImages`); `message` says the fault and the remedy."""

    field: str
    message: str


class Invalid(PenstockError):
    code = "invalid"

    def __init__(self, *errors: FieldError, code: str | None = None) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors), code=code)
        self.errors = errors


class Malformed(PenstockError):
    code = "malformed"


class TooLarge(PenstockError):
    code = "too_large"


class Unauthenticated(PenstockError):
    code = "unauthenticated"


class Forbidden(PenstockError):
    code = "forbidden"


class NotFound(PenstockError):
    code = "not_found"


class Conflict(PenstockError):
    code = "conflict"


class Contention(PenstockError):
    code = "contention"


class Fate(PenstockError):
    """How an item's work ended, if not well. `usage` is what the provider bills for it all the same."""

    usage: Usage = Usage()

    def having_used(self, usage: Usage) -> Self:
        self.usage = usage
        return self


class Refused(Fate):
    code = "refused"


# Codes of what no line need have caused: enough of them in a row, from whatever lines, and the provider is down.
PROVIDER_FAULTS = frozenset({"provider_failed", "provider_unreachable", "provider_timeout", "unreadable_answer"})


class Transient(Fate):
    code = "transient"

    @property
    def of_provider(self) -> bool:
        """Whether it may be the provider's fault, and not the line's."""
        return self.reason in PROVIDER_FAULTS


class Limited(Fate):
    code = "limited"

    def __init__(
        self, message: str, *, retry_after: float = 0.0, operator: bool = False, breaker: str | None = None
    ) -> None:
        """`retry_after` in seconds, 0 where the provider named none. `operator`: nobody but the operator can mend it (a
        key, a bill, an address). `breaker`: the provider whose open breaker is waited for."""
        super().__init__(message, {"retryAfter": retry_after})
        self.retry_after, self.operator, self.breaker = retry_after, operator, breaker


class OutOfTime(Fate):
    code = "out_of_time"


class Stopped(Fate):
    code = "stopped"
