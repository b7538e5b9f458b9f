"""Whatever happens in whatever order: what users may know holds at every step, and all ends well."""

import secrets

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.machine.machine import Machine

STEPS = 50


def walk(ways: str, examples: int) -> None:
    """The same `ways` are walked in the same manner each time."""
    run_state_machine_as_test(
        seed(ways)(type("Machine", (Machine,), {})),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("shard", range(4))
def test_the_model_holds(shard: int) -> None:
    walk(f"always {shard}", 5)


@pytest.mark.long
@pytest.mark.parametrize("shard", range(20))
def test_the_model_holds_for_long(shard: int, request: pytest.FixtureRequest) -> None:
    """Other ways each time; `--hypothesis-seed` walks those of an earlier time again."""
    chosen = request.config.getoption("--hypothesis-seed") or secrets.randbits(32)
    try:
        walk(f"{chosen} {shard}", 50)
    except Exception as error:
        error.add_note(f"This test again with --hypothesis-seed={chosen} walks the same ways.")
        raise
