"""What fault tests do to a house: take a delivery, kill a worker in the middle of it, and see that all ends well."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.domain.job import Status
from tests.clock import Crash
from tests.house import House
from tests.invariants import check
from tests.queues import Delivery

# Longer than any lease, any patience of the janitor, any pause of a provider. Seconds.
LONG = 3600.0


def crash(*_: Any, **__: Any) -> None:
    raise Crash


def raises(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def received(house: House) -> Delivery:
    delivery = house.receive()
    assert delivery is not None
    return delivery


def crash_at(house: House, line: int = 0, stage: int = 0) -> Delivery:
    """The worker of the next message dies in its first call; the message comes back, the lease goes on."""
    house.script.at(line, crash, stage=stage)
    delivery = received(house)
    with pytest.raises(Crash):
        house.attempt(delivery)
    house.give_back(delivery)
    return delivery


def pass_time(house: House, times: int = 6) -> None:
    """The janitor comes, again and again, long after."""
    for _ in range(times):
        house.clock.advance(LONG)
        house.sweep()
        house.run()


def ends_well(house: House, job_id: str, status: Status = Status.COMPLETED) -> None:
    house.run()
    assert house.job(job_id).status == status
    assert house.job(job_id).running == 0
    check(house)
