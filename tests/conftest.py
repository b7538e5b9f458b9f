"""Fixtures shared by all tests. The emulator replaces AWS in the process, so each test that uses it starts from
nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api import Api
    from tests.house import House


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real account by accident."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def house() -> Iterator["House"]:
    from local.emulator import Emulator
    from tests.house import House

    with Emulator(port=None), House() as house:
        yield house


@pytest.fixture
def api(house: "House") -> "Api":
    """The HTTP interface of `house`, called as user ann."""
    from tests.api import api_of

    return api_of(house)
