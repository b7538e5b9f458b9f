"""Settings of local mode, read from the environment; each has a default that suits a first start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Settings:
    """A port of 0 takes a free one. `parameters` override the template's; `log_level` None leaves the template's.
    `anonymous_user` is who calls where no token comes; None refuses such calls, as AWS does."""

    port: int = 8000
    emulator_port: int = 8001
    emulator_host: str = "127.0.0.1"
    state: Path = Path(".penstock")
    fresh: bool = False
    template: Path = Path("template.yaml")
    parameters: Mapping[str, str] | None = None
    log_level: str | None = None
    verbose: bool = False
    anonymous_user: str | None = None


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Raises LocalError naming the variable that cannot be read."""
    port = _port(environment, "PORT", Settings.port)
    following = port + 1 if port else 0
    return Settings(
        port=port,
        emulator_port=_port(environment, "EMULATOR_PORT", 0) or following,
        emulator_host=environment.get("EMULATOR_HOST") or Settings.emulator_host,
        state=Path(environment.get("STATE") or Settings.state),
        fresh=_switch(environment, "FRESH"),
        template=Path(environment.get("TEMPLATE") or Settings.template),
        parameters=_pairs(environment.get("PARAMETERS", "")),
        log_level=environment.get("LOG_LEVEL") or None,
        verbose=_switch(environment, "VERBOSE"),
        anonymous_user=environment.get("ANONYMOUS_USER") or None,
    )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    given = environment.get(name) or str(default)
    if not given.isdigit() or int(given) > HIGHEST_PORT:
        raise LocalError(f"{name}={given}: must be a port between 0 (any free one) and {HIGHEST_PORT}")
    return int(given)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    given = environment.get(name, "").lower()
    if given not in ("", "0", "1", "true", "false"):
        raise LocalError(f"{name}={given}: must be 1 or 0")
    return given in ("1", "true")


def _pairs(given: str) -> dict[str, str]:
    if not all("=" in pair for pair in given.split()):
        raise LocalError(f"PARAMETERS={given}: must be Name=value pairs, separated by blanks")
    return dict(pair.split("=", 1) for pair in given.split())
