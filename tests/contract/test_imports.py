"""Who may import whom, and that importing does nothing."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "layers/core/python"
DOCUMENTS = {"docx", "gcld3", "langcodes", "markdown_it", "nh3", "slugify", "unicodedata"}
LAZY = {"docx", "gcld3", "lxml"}
PROVIDER_SDKS = {"openai", "google", "httpx2"}
# What each part of the house may import of it, and of third parties.
MAY = {
    "domain": ({"domain"}, {"pydantic"}),
    "kinds": ({"domain", "providers.base", "kinds"}, {"pydantic", *DOCUMENTS}),
    "providers": ({"domain", "providers"}, {"pydantic", *PROVIDER_SDKS}),
    "store": ({"domain", "store"}, {"boto3", "botocore", "pydantic"}),
    "engine": ({"domain", "engine"}, {"pydantic"}),
    "routes": ({"domain", "engine", "routes"}, {"pydantic", "pydantic_core", "aws_lambda_powertools", "jwt"}),
}
MODULES = sorted(path for path in CORE.rglob("*.py"))
FUNCTIONS = sorted((ROOT / "functions").glob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """What the module imports when it runs: not what it only names in types."""
    for node in _run_time_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _run_time_nodes(node)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in MODULES if len(path.relative_to(CORE).parts) > 2], ids=named)
def test_arrows_point_inward(path: Path) -> None:
    part = path.relative_to(CORE / "penstock").parts[0]
    own, foreign = MAY[part]
    for name in imports(path):
        top = name.split(".")[0]
        if top == "penstock":
            inner = name.removeprefix("penstock.")
            assert any(inner == each or inner.startswith(f"{each}.") for each in own), f"{part} may not import {name}"
        else:
            assert top in foreign or top in sys.stdlib_module_names, f"{part} may not import {name}"


@pytest.mark.parametrize("path", FUNCTIONS, ids=named)
def test_functions_take_wiring_the_domain_and_one_engine_or_routes(path: Path) -> None:
    inner = {name.split(".")[1] for name in imports(path) if name.startswith("penstock.")}
    assert inner <= {"wiring", "settings", "domain", "engine", "routes"}
    assert len(path.read_text().splitlines()) <= 60, "a handler parses, makes one engine call, replies"


@pytest.mark.parametrize("path", MODULES + FUNCTIONS, ids=named)
def test_nobody_imports_local(path: Path) -> None:
    assert not any(name.split(".")[0] in ("local", "tests", "moto") for name in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_only_settings_reads_the_environment(path: Path) -> None:
    reads = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    if path.name != "settings.py":
        assert not any(ast.unparse(node) in ("os.environ", "os.getenv") for node in reads)


def modules_after(code: str) -> set[str]:
    """What a fresh interpreter has imported after `code`, with no environment but a path. Clients must not be made."""
    guard = (
        "import boto3, sys\n"
        "def refuse(*a, **k): raise AssertionError('a client was made')\n"
        "boto3.client = boto3.Session.client = refuse\n"
    )
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, (CORE, ROOT / "functions", ROOT))),
        "PATH": os.environ["PATH"],
    }
    ran = subprocess.run(
        [sys.executable, "-c", f"{guard}{code}\nprint(*sys.modules)"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.parametrize("name", [path.stem for path in FUNCTIONS])
def test_importing_a_function_does_nothing(name: str) -> None:
    """No client, no environment: this interpreter has none of our variables. And no provider's SDK."""
    loaded = modules_after(f"import {name}")
    assert not loaded & {"openai", "google.genai", "httpx2", "moto", *LAZY}


def test_importing_any_module_does_nothing() -> None:
    names = [".".join(path.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    loaded = modules_after("; ".join(f"import {name}" for name in names))
    assert {"penstock.wiring", "penstock.kinds.articles"} <= loaded
    assert not loaded & {"openai", "google.genai"}


SDKS = {"openai": ("openai", "OpenAIWriter"), "gemini": ("google.genai", "GeminiWriter")}


@pytest.mark.parametrize("provider", SDKS)
def test_a_worker_loads_the_sdk_of_who_is_asked_alone(provider: str) -> None:
    """And that with the first writer, not before."""
    sdk, writer = SDKS[provider]
    loading = f"import worker, penstock.wiring; from penstock.providers.{provider} import {writer}"
    every = {each for each, _ in SDKS.values()}
    assert not modules_after(loading) & {*every, "httpx2"}
    assert modules_after(f"{loading}; {writer}('key', 'http://127.0.0.1:9').close()") & every == {sdk}


def test_the_engine_does_not_load_what_speaks_to_aws() -> None:
    names = [path.stem for path in (CORE / "penstock/engine").glob("*.py") if path.stem != "__init__"]
    code = "; ".join(f"import penstock.engine.{name}" for name in names)
    assert not {each for each in modules_after(code) if each.startswith("penstock.store")}


def test_files_stay_small() -> None:
    long = {named(path): count for path in MODULES if (count := len(path.read_text().splitlines())) > 250}
    assert not long
