"""The strict lane brings what it needs, pinned, and says so where it cannot."""

import json
from pathlib import Path

import pytest

from tests import dynamodb_local

STRICT = Path(__file__).parents[1] / "strict"


def test_what_is_installed_is_what_was_locked() -> None:
    wanted = json.loads((STRICT / "package.json").read_text())["devDependencies"]
    locked = json.loads((STRICT / "package-lock.json").read_text())["packages"]
    assert locked.pop("")["devDependencies"] == wanted
    assert {f"node_modules/{name}" for name in wanted} <= set(locked)
    for name, package in locked.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, f"{name} names the registry it came from"


def test_without_java_it_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="needs Java 17 or newer"):
        dynamodb_local.folder()


def test_without_the_jar_it_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "java").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dynamodb_local, "PACKAGE", tmp_path)
    with pytest.raises(FileNotFoundError, match="run `make test-strict`, which installs it"):
        dynamodb_local.folder()
