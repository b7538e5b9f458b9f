"""A provider's circuit breaker: one record that all its workers share. No record is a closed breaker.

Closed, calls go through, and faults in a row are counted. Open, nobody calls. Open and due, one worker holds the lease
of the prober, asks for all, and closes the breaker or opens it for twice as long. Every change is one conditional
update; one that is refused found that somebody else was first. Times are milliseconds since 1970, `wait` seconds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.conditions import Absent, Condition, at_least, equals, less, more
from penstock.domain.writes import BreakerOf, Update

FAULTS_IN_A_ROW = 3
FIRST_WAIT, LONGEST_WAIT = 30, 300
# A prober that is dead is waited for so long; a probe takes at most PROBE_SECONDS of it.
PROBE_SECONDS, LEASE_SECONDS = 20.0, 45
# No time that a record may name lies further ahead, but for clocks that differ: such a time is nobody's, and is over.
_SLACK = 60

_CLOSED = Absent("open_until")
_NO_PROBER = {"prober": None, "probing_until": None}
_HELD = "held#"


class Breaker(BaseModel):
    """`failures` are the faults in a row while it is closed; `wait` is how long it was last opened for. `opened_at`
    stays over all the waits of one outage. `holds`: by model id, until when its 429 holds back every call."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provider: str
    failures: int = 0
    wait: int = 0
    reason: str = ""
    opened_at: int = 0
    open_until: int | None = None
    closed_at: int = 0
    probing_until: int = 0
    holds: Mapping[str, int] = {}

    @classmethod
    def of(cls, provider: str, image: Mapping[str, Any] | None) -> "Breaker":
        found = image or {}
        holds = {name.removeprefix(_HELD): until for name, until in found.items() if name.startswith(_HELD)}
        return cls.model_validate({**found, "provider": provider, "holds": holds})

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    @property
    def is_suspected(self) -> bool:
        return not self.is_open and self.failures >= FAULTS_IN_A_ROW

    @property
    def text(self) -> str:
        """What is waited for, and since when."""
        since = datetime.fromtimestamp(self.opened_at / 1000, UTC)
        return f"{self.provider}, since {since:%H:%M} UTC: {self.reason}"

    def closed_for(self, now: int) -> float:
        """Seconds until somebody may probe; 0 where that is now."""
        return _left(self.open_until or 0, now, LONGEST_WAIT)

    def held_for(self, model: str, now: int) -> float:
        """Seconds until the model may be called."""
        return _left(self.holds.get(model, 0), now, LONGEST_WAIT)

    def next_wait(self, now: int) -> int:
        """Twice the last one, also where the breaker closed only a moment ago."""
        return max(FIRST_WAIT, min(2 * self.last_wait(now), LONGEST_WAIT))

    def last_wait(self, now: int) -> int:
        return self.wait if self.is_open or now - self.closed_at < LONGEST_WAIT * 1000 else 0


def _left(until: int, now: int, most: int) -> float:
    left = (until - now) / 1000
    return left if 0 < left <= most + _SLACK else 0.0


def _over(attribute: str, now: int, most: int) -> Condition:
    return Absent(attribute) | less(attribute, now + 1) | more(attribute, now + (most + _SLACK) * 1000)


def fails(provider: str) -> Update:
    """One more fault in a row."""
    return Update(BreakerOf(provider), _CLOSED, add={"failures": 1})


def answers(breaker: Breaker) -> Update:
    """The faults in a row are over, unless there were more of them meanwhile."""
    return Update(BreakerOf(breaker.provider), _CLOSED & equals("failures", breaker.failures), set={"failures": 0})


def probes(breaker: Breaker, prober: str, now: int) -> Update:
    """Takes the lease of the one prober: for a breaker that is open, or suspected."""
    suspected = _CLOSED & at_least("failures", FAULTS_IN_A_ROW)
    same = suspected if breaker.open_until is None else equals("open_until", breaker.open_until)
    lease = {"prober": prober, "probing_until": now + LEASE_SECONDS * 1000}
    return Update(BreakerOf(breaker.provider), same & _over("probing_until", now, LEASE_SECONDS), set=lease)


def opens(breaker: Breaker, prober: str, reason: str, now: int, wait: int) -> Update:
    """By its prober."""
    return _opens(breaker.provider, equals("prober", prober), reason, now, wait)


def opens_at_once(breaker: Breaker, reason: str, now: int) -> Update:
    """For what only the operator can mend: nobody need probe to know."""
    when = _CLOSED | _over("open_until", now, LONGEST_WAIT)
    return _opens(breaker.provider, when, reason, now, LONGEST_WAIT)


def falls_due(breaker: Breaker, reason: str, now: int) -> Update:
    """A suspected breaker whose finder has no time left to probe: whoever calls next does."""
    when = _CLOSED & at_least("failures", FAULTS_IN_A_ROW)
    return _opens(breaker.provider, when, reason, now, 0, breaker.last_wait(now))


def _opens(provider: str, when: Condition, reason: str, now: int, wait: int, noted: int | None = None) -> Update:
    fields = {"open_until": now + wait * 1000, "wait": wait if noted is None else noted, "reason": reason}
    return Update(BreakerOf(provider), when, set={**fields, **_NO_PROBER}, first={"opened_at": now})


def closes(breaker: Breaker, prober: str, now: int) -> Update:
    """By its prober, whom the provider answered."""
    over: dict[str, Any] = {"open_until": None, "opened_at": None, "reason": None, "failures": 0, **_NO_PROBER}
    if breaker.is_open:
        over["closed_at"] = now
    return Update(BreakerOf(breaker.provider), equals("prober", prober), set=over)


def holds(provider: str, model: str, until: int, now: int) -> Update:
    """No call to the model before then. A later end stands."""
    attribute = f"{_HELD}{model}"
    when = less(attribute, until) | _over(attribute, now, LONGEST_WAIT)
    return Update(BreakerOf(provider), when, set={attribute: until})
