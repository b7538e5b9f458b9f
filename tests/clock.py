"""The time of a house, and what a worker has of it."""

from dataclasses import dataclass
from threading import Lock

WORKER_SECONDS = 900.0


class Crash(BaseException):
    """The process dies here: nothing of ours may catch it."""


class Clock:
    """Milliseconds; moves only when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000
        self._moving = Lock()

    def __call__(self) -> int:
        return self.now

    @property
    def seconds(self) -> float:
        return self.now / 1000

    def advance(self, seconds: float) -> None:
        with self._moving:
            self.now += int(seconds * 1000)


@dataclass(frozen=True)
class Time:
    """A worker's: what is left of `seconds` since it began. As a context it says so to a handler."""

    clock: Clock
    deadline: float
    aws_request_id: str = "request"
    function_name: str = "function"

    def __call__(self) -> float:
        return max(0.0, self.deadline - self.clock.seconds)

    def get_remaining_time_in_millis(self) -> int:
        return int(self() * 1000)
