"""One version: the package's, the API's, the changelog's."""

import tomllib
from pathlib import Path

from penstock.routes.service import VERSION

ROOT = Path(__file__).parents[2]


def test_the_api_tells_the_version_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
