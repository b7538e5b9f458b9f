"""The file `.env`: variables for this machine alone, keys above all."""

import re
from collections.abc import MutableMapping
from pathlib import Path

from local.errors import LocalError

FILE = ".env"
LINE = re.compile(r"""(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"'].*?)?)(?:\s+\#.*)?""", re.ASCII)


def take(environment: MutableMapping[str, str]) -> None:
    """Adds to `environment` what the file says and it does not have; an empty variable is one that it has. ENV_FILE
    names another file, or, left empty, none. Raises LocalError."""
    path = environment.get("ENV_FILE", FILE)
    for name, value in (read(Path(path)) if path else {}).items():
        environment.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """Lines of NAME=value. Nothing where there is no such file. A fault names the line, never what is in it."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: cannot be read: {type(error).__name__}") from None
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return dict(_pair(path, number, line) for number, line in numbered if line and not line.startswith("#"))


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    match = LINE.fullmatch(line)
    if match is None:
        raise LocalError(f"{path}, line {number}: must be NAME=value, or begin with #")
    return match[1], next((value for value in match.groups()[1:] if value is not None), "")
