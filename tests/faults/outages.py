"""A provider that is down for some, or for a time; and what its breaker made of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.breaker import Breaker
from penstock.domain.errors import Fate, Limited, Transient
from penstock.domain.item import Item
from penstock.domain.job import Job
from penstock.domain.prompts import Completion, Prompt
from penstock.domain.writes import BreakerOf
from penstock.engine.circuit import PROBE
from penstock.engine.parts import Identity
from penstock.store.expressions import decode
from tests.house import House
from tests.toys import MODEL

MINUTE = 60.0
HALF_AN_HOUR = 30 * MINUTE


def down(prompt: Prompt) -> Fate:
    return Transient("The provider failed (503): overloaded", code="provider_failed")


def forbidden(prompt: Prompt) -> Fate:
    return Limited("it does not accept the key, check TOY_KEY (401)", retry_after=300, operator=True)


@dataclass
class Town:
    """Users with a job each, whose lines are written by one provider. `fails` says how a call ends that does not end
    well; `failed` are the times of those, in seconds of the house's clock."""

    house: House
    fails: Callable[[Prompt], Fate | None] = lambda _prompt: None
    failed: list[float] = field(default_factory=list)
    jobs: dict[Identity, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        write = self.house.recorder.write

        def ask(model: str, prompt: Prompt, seconds: float) -> Completion:
            fate = self.fails(prompt)
            if fate:
                self.failed += [] if prompt == PROBE else [self.house.clock.seconds]
                raise fate
            return write(model, prompt, seconds)

        self.house.recorder.write = ask

    def submits(self, users: int, lines: int) -> None:
        for number in range(users):
            who = Identity(f"user-{number}", f"name-{number}")
            self.jobs[who] = self.house.submit(lines, who=who)

    def goes_wrong(self, seconds: float, fate: Callable[[Prompt], Fate]) -> float:
        """For so long; the time when it is over."""
        end = self.house.clock.seconds + seconds
        self.fails = lambda prompt: fate(prompt) if self.house.clock.seconds < end else None
        return end

    def all_done(self, most: float) -> float:
        """When every line was, in seconds of the house's clock. Fails where that takes longer than `most`."""
        began = self.house.clock.seconds
        for _ in self.house.minutes(most):
            if not any(job.remaining for job in self.records):
                break
        assert not any(job.remaining for job in self.records), f"not over within {most} s: {self.records}"
        return self.house.clock.seconds - began

    @property
    def records(self) -> list[Job]:
        return [self.house.job(job_id, who.user) for who, job_id in self.jobs.items()]

    @property
    def items(self) -> list[Item]:
        return [item for job_id in self.jobs.values() for item in self.house.items(job_id)]

    @property
    def lost_tries(self) -> int:
        """Of lines that are done: the tries that they needed beyond one."""
        return sum(item.tries - 1 for item in self.items)

    @property
    def probes(self) -> list[float]:
        return [at / 1000 for at in self.house.recorder.probes]

    @property
    def breaker(self) -> Breaker:
        return breaker(self.house)

    @property
    def openings(self) -> list[Breaker]:
        """Each time that it was opened, oldest first."""
        return list(_openings(self.house))


def breaker(house: House) -> Breaker:
    return Breaker.of(MODEL.provider, house.parts.table.get(BreakerOf(MODEL.provider)))


def _openings(house: House) -> Iterator[Breaker]:
    house.unread()
    last = None
    for record in house.records:
        image: Any = record["dynamodb"].get("NewImage")
        if record["dynamodb"]["Keys"]["sk"]["S"] == "BREAKER" and image:
            seen = Breaker.of(MODEL.provider, decode(image))
            if seen.is_open and seen.open_until != last:
                yield seen
            last = seen.open_until
