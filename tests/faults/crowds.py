"""Many at once: threads that ask, and a staff of workers, a dispatcher and a janitor that serve them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import TypeVar

from tests.house import House

T = TypeVar("T")

# Nobody waits longer for a message than this between two looks; after so many in vain, all is quiet. Seconds.
PAUSE = 0.002
LOOKS_IN_VAIN = 25


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """All at the same moment, each in a thread of its own; their answers in order. Raises what one of them raises."""
    start = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@contextmanager
def staffed(house: House, workers: int, janitors: int = 0) -> Iterator[None]:
    """Within it, workers take messages through their handler and a dispatcher reads the stream; afterwards they go on
    until nothing comes. Time stands still: what was put off waits for `house.run`."""
    over = Event()

    def work() -> bool:
        delivery = house.queues.receive_any()
        if delivery:
            house.deliver(delivery)
        return delivery is not None

    def follow() -> bool:
        return house.follow() > 0

    def sweep() -> bool:
        house.sweep()
        return False

    staff = [*[work] * workers, follow, *[sweep] * janitors]
    with ThreadPoolExecutor(len(staff)) as threads:
        serving = [threads.submit(_serve, each, over) for each in staff]
        try:
            yield
        finally:
            over.set()
        for each in serving:
            each.result()


def _serve(look: Callable[[], bool], over: Event) -> None:
    """Again and again, until long enough nothing is found after `over`."""
    in_vain = 0
    while in_vain < LOOKS_IN_VAIN or not over.is_set():
        in_vain = 0 if look() else in_vain + 1
        if in_vain:
            Event().wait(PAUSE)
