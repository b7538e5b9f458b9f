"""What several fault tests go by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Backend
    from tests.faults.lives import Life
    from tests.faults.nursery import Nursery
    from tests.faults.recordings import Recording


@pytest.fixture(scope="session")
def recordings(backend: "Backend") -> "dict[Life, Recording]":
    """Of every life without faults, made once a process."""
    from local.emulator import Emulator
    from tests.faults.lives import LIVES
    from tests.faults.recordings import record
    from tests.house import House

    @contextmanager
    def opened() -> Iterator[House]:
        with backend() as tables, Emulator(port=None), House(tables) as house:
            yield house

    return {each.life: each for each in record(opened() for _ in LIVES)}


@pytest.fixture(scope="session")
def nursery() -> "Iterator[Nursery]":
    """One in each process that runs tests."""
    from tests.faults.nursery import Nursery

    with Nursery() as nursery:
        yield nursery
