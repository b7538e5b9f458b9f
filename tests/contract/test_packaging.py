"""How the template's code is packed and deployed, and that the code is there."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.contract.cloudformation import FUNCTIONS, ROOT, of_type, source

LEAST_SHARE = 2  # AWS allows no smaller MaximumConcurrency
NEW_ACCOUNT = 10  # functions at once
ONE_SITTING = 800  # lines


def deployments() -> dict[str, dict[str, str]]:
    """Parameter overrides of each environment in samconfig.toml."""
    with (ROOT / "samconfig.toml").open("rb") as file:
        config = tomllib.load(file)
    environments = {name: each for name, each in config.items() if isinstance(each, dict)}
    return {
        name: dict(pair.split("=", 1) for pair in each["deploy"]["parameters"]["parameter_overrides"])
        for name, each in environments.items()
    }


@pytest.mark.parametrize("environment", ["default", "dev", "prod"])
def test_deployments_set_known_parameters_and_keep_within_their_reservation(environment: str) -> None:
    overrides = deployments()[environment]
    assert set(overrides) <= set(source()["Parameters"])
    chosen = {name: overrides.get(name, each["Default"]) for name, each in source()["Parameters"].items()}
    reserved = int(chosen["WorkerReservedConcurrency"])
    shares = [int(chosen[f"{queue}Concurrency"]) for queue in ("High", "Normal", "Low")]
    assert min(shares) >= LEAST_SHARE
    assert reserved == 0 or sum(shares) <= reserved
    assert reserved > 0 or sum(shares) < NEW_ACCOUNT, "a new account runs 10 at once, and the API needs some of them"


def test_every_handler_exists() -> None:
    handlers = {each["Handler"] for each in of_type("AWS::Lambda::Function").values()}
    assert handlers == {f"{name}.handler" for name in FUNCTIONS}
    for name in FUNCTIONS:
        tree = ast.parse((ROOT / "functions" / f"{name}.py").read_text(encoding="utf-8"))
        assigned = [
            each.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for each in node.targets
            if isinstance(each, ast.Name)
        ]
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert "handler" in [*assigned, *defined], name


def test_functions_share_one_environment() -> None:
    shared = source()["Globals"]["Function"]["Environment"]["Variables"]
    for each in of_type("AWS::Lambda::Function").values():
        assert set(each["Environment"]["Variables"]) == set(shared)


def test_every_parameter_is_described_and_used() -> None:
    text = json.dumps({name: each for name, each in source().items() if name != "Parameters"})
    for name, parameter in source()["Parameters"].items():
        assert parameter["Description"], name
        assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, f"{name} is used nowhere"


def test_template_can_still_be_read_in_one_sitting() -> None:
    assert len((ROOT / "template.yaml").read_text(encoding="utf-8").splitlines()) < ONE_SITTING


def pinned(path: Path) -> list[str]:
    """The requirements of a list, each with its hashes, continuation lines joined."""
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", ["layers/vendor/requirements.txt", "requirements-dev.txt", "requirements-sam.txt"])
def test_package_lists_are_pinned_by_hash_and_name_no_index(path: str) -> None:
    lines = pinned(ROOT / path)
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+(\[[\w, -]+\])?==\S+ ", line), line
        assert "--hash=sha256:" in line, line
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", (ROOT / path).read_text())
