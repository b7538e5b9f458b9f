"""Settings of local mode from the environment."""

from pathlib import Path

import pytest

from local.errors import LocalError
from local.settings import Settings, from_environment


def test_an_empty_environment_gives_the_defaults() -> None:
    assert from_environment({}) == Settings(parameters={})


def test_every_setting_is_read() -> None:
    given = {
        "PORT": "9000",
        "EMULATOR_PORT": "9100",
        "EMULATOR_HOST": "172.17.0.1",
        "STATE": "kept",
        "FRESH": "1",
        "TEMPLATE": "other.yaml",
        "PARAMETERS": "Window=5 Stage=a=b",
        "LOG_LEVEL": "DEBUG",
        "VERBOSE": "true",
        "ANONYMOUS_USER": "other",
    }
    expected = Settings(
        port=9000,
        emulator_port=9100,
        emulator_host="172.17.0.1",
        state=Path("kept"),
        fresh=True,
        template=Path("other.yaml"),
        parameters={"Window": "5", "Stage": "a=b"},
        log_level="DEBUG",
        verbose=True,
        anonymous_user="other",
    )
    assert from_environment(given) == expected


@pytest.mark.parametrize(("port", "emulator"), [("8200", 8201), ("0", 0)])
def test_the_emulator_takes_the_port_after_the_gateways(port: str, emulator: int) -> None:
    assert from_environment({"PORT": port}).emulator_port == emulator


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("EMULATOR_PORT", "x"),
        ("FRESH", "perhaps"),
        ("PARAMETERS", "a"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(LocalError, match=f"{name}={value}"):
        from_environment({name: value})
