"""Fixtures shared by all tests. The emulator replaces AWS in the process, so each test that uses it starts from
nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.template import Template
    from tests.api import Api
    from tests.backends import Tables
    from tests.house import House

Backend = Callable[[], AbstractContextManager[Callable[["Template"], "Tables"] | None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dynamodb-local", action="store_true", help="the tests that use a house, with its table in DynamoDB Local"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dynamodb_local"):
        from tests.dynamodb_local import folder

        try:
            folder()
        except FileNotFoundError as missing:
            raise pytest.UsageError(str(missing)) from missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With DynamoDB Local, what never comes near the engine's table has nothing to say."""
    if config.getoption("dynamodb_local"):
        judged = set(filter(_by_both, items))
        config.hook.pytest_deselected(items=[item for item in items if item not in judged])
        items[:] = [item for item in items if item in judged]


def _by_both(item: pytest.Item) -> bool:
    return "backend" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("emulator_only")


pytest.register_assert_rewrite("tests.faults.steps", "tests.history", "tests.invariants")  # they say what they saw


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real account by accident."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODELS", "GEMINI_API_KEY", "GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Opens what makes the table of a house; None, where it is the emulator's."""
    if not request.config.getoption("dynamodb_local"):
        yield nullcontext
        return
    from tests.dynamodb_local import Server

    with Server() as server:
        yield server.tables


@pytest.fixture
def house(backend: Backend) -> Iterator["House"]:
    from local.emulator import Emulator
    from tests.house import House

    with backend() as tables, Emulator(port=None), House(tables) as house:
        yield house


@pytest.fixture
def api(house: "House") -> "Api":
    """The HTTP interface of `house`, called as user ann."""
    from tests.api import api_of

    return api_of(house)
