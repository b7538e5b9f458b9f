"""A process that has everything loaded but Penstock itself, and bears a child for each copy that is to be tested: the
child imports the copy and runs tests against it. So a copy costs a fraction of a second, not three."""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 300
FOREIGN = ("aws_lambda_powertools.event_handler", "langcodes", "markdown_it", "nh3", "slugify", "uuid6")
EMULATED = ("dynamodb", "s3", "sqs")
AWS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass
class Verdict:
    """Of one run of tests: how many passed; of the first that did not, its name, the kind of error, and its text.
    `broken` is why they did not run at all."""

    passed: int = 0
    test: str = ""
    error: str = ""
    text: str = ""
    broken: str = ""

    @property
    def red(self) -> bool:
        return bool(self.test)


class Judge:
    """Listens to pytest."""

    def __init__(self) -> None:
        self.verdict = Verdict()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.failed and not self.verdict.red:
            assert call.excinfo is not None
            self.verdict.test, self.verdict.error = item.nodeid, call.excinfo.typename
            self.verdict.text = str(call.excinfo.value)
        self.verdict.passed += report.when == "call" and report.passed
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.verdict.broken = report.longreprtext


class Nursery:
    """One process, many children, one after the other. A context."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        environment = {**os.environ, **AWS, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def judge(self, folder: Path, tests: Sequence[str]) -> Verdict:
        """Runs the tests against the copy in `folder`, until the first that fails."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(folder), list(tests)]) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline(), "the nursery itself has died"
        return _verdict(folder)


def _verdict(folder: Path) -> Verdict:
    """As the child left it. None is there if it was killed, for it did not end."""
    told = folder / "verdict.json"
    if told.exists():
        return Verdict(**json.loads(told.read_text()))
    return Verdict(test="all of it", error="TimeoutError", text=f"no end within {LONGEST_SECONDS} s")


def main() -> None:
    _warm_up()
    for line in sys.stdin:
        folder, tests = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(Path(folder), tests)
        os.waitpid(child, 0)
        print("done", flush=True)  # noqa: T201 - this is how the parent hears of it


def _warm_up() -> None:
    """Whatever is slow the first time, and knows nothing of Penstock."""
    from local.emulator import Emulator
    from local.resources import provision
    from local.template import load
    from tests.backends import client

    for name in FOREIGN:
        importlib.import_module(name)
    with Emulator(port=None):
        provision(load(ROOT / "template.yaml", {}))
        for service in EMULATED:
            client(service)
    assert not [name for name in sys.modules if name.startswith("penstock")]
    gc.freeze()


def _run(folder: Path, tests: Sequence[str]) -> None:
    """In the child."""
    signal.alarm(LONGEST_SECONDS)
    output = os.open(folder / "output.txt", os.O_CREAT | os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    judge, broken = Judge(), "pytest did not come to its end"
    try:
        broken = _imported(folder)
        if not broken:
            options = ["-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short", f"--basetemp={folder / 'tmp'}"]
            broken = _why_none(pytest.main([*options, *tests], plugins=[judge]))
    finally:
        judge.verdict.broken = judge.verdict.broken or broken
        (folder / "verdict.json").write_text(json.dumps(vars(judge.verdict)))
        sys.stdout.flush()
        os._exit(0)


def _imported(folder: Path) -> str:
    """Imports the copy: a package that is imported finds its modules where it was found itself, whatever comes before
    it on the path later. Empty, or what is wrong."""
    sys.path.insert(0, str(folder))
    import penstock

    return "" if penstock.__file__ == str(folder / "penstock/__init__.py") else f"imported {penstock.__file__}"


def _why_none(code: int) -> str:
    return "" if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) else f"pytest ended with {code}"


if __name__ == "__main__":
    main()
