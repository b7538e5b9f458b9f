"""Local mode as a real process: it starts, works, stops with its state kept, and says what is wrong."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import jwt
import pytest

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy"

Start = Callable[..., "Process"]


@dataclass
class Process:
    """A running `python -m local`; `welcome` is what it printed when it was ready."""

    running: subprocess.Popen[str]
    folder: Path
    welcome: str

    @property
    def url(self) -> str:
        return self._found(r"Penstock is ready: (http://\S+)")

    @property
    def emulator_url(self) -> str:
        return self._found(r"emulator\s+(http://\S+)")

    def _found(self, pattern: str) -> str:
        match = re.search(pattern, self.welcome)
        assert match is not None, self.welcome
        return match[1]

    def call(self, method: str, path: str, body: Any = None) -> bytes:
        data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"content-type": "text/plain"}
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            read: bytes = answer.read()
            return read

    def send(self, body: str, group: str = "g") -> None:
        self.call("POST", "/any/send", {"body": body, "group": group, "id": f"{time.monotonic_ns()}"})

    def sub(self, user: str) -> str:
        token = json.loads(self.call("GET", f"/local/token?user={user}"))["token"]
        subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
        return subject

    def journal(self, *expected: str) -> list[str]:
        """What the functions wrote down, once it holds what is expected."""
        path, deadline = self.folder / "journal", time.monotonic() + 10
        while time.monotonic() < deadline:
            lines = path.read_text().splitlines() if path.exists() else []
            if set(expected) <= set(lines):
                return lines
            time.sleep(0.02)
        raise AssertionError(f"{expected} is not in {lines}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.running.send_signal(how)
        return self.running.wait(15)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts local mode on a copy of the toy template; a start that fails returns what it printed as `welcome`."""
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    started: list[subprocess.Popen[str]] = []

    def run(**environment: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "PORT": "0",
                "JOURNAL": str(tmp_path / "journal"),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return Process(process, tmp_path, _until_ready(process))

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _until_ready(process: subprocess.Popen[str]) -> str:
    """What is printed up to the welcome's last line, or to the end."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.strip().startswith("stop"):
            break
    return "".join(lines)


def test_a_template_runs_and_a_restart_keeps_its_state(start: Start) -> None:
    first = start()
    assert json.loads(first.call("GET", "/healthz"))["event"]["routeKey"] == "GET /healthz"
    first.send("one")
    first.call("POST", "/any/note", "NOTE#1")
    first.journal("done one", "seen NOTE#1")
    subs = {user: first.sub(user) for user in ("demo", "other", "admin")}
    assert first.stop() == 0

    second = start()
    second.call("POST", "/any/note", "NOTE#2")
    lines = second.journal("seen NOTE#2")
    assert {user: second.sub(user) for user in subs} == subs
    assert sorted(lines) == ["done one", "seen NOTE#1", "seen NOTE#2"]
    table = boto3.client("dynamodb", endpoint_url=second.emulator_url)
    assert table.scan(TableName="penstock-Table")["Count"] == 5
    assert second.stop(signal.SIGINT) == 0

    third = start(FRESH="1")
    assert third.sub("demo") != subs["demo"]
    table = boto3.client("dynamodb", endpoint_url=third.emulator_url)
    assert table.scan(TableName="penstock-Table")["Count"] == 0


def test_what_runs_may_finish_and_what_waits_is_kept(start: Start) -> None:
    first = start()
    first.send("slow")
    first.send("after")
    time.sleep(0.3)
    assert first.stop() == 0
    assert first.journal() == ["done slow"]
    second = start()
    assert second.journal("done after") == ["done slow", "done after"]


def test_a_killed_process_loses_seconds_at_most(start: Start) -> None:
    first = start()
    first.call("POST", "/any/note", "NOTE#1")
    first.journal("seen NOTE#1")
    time.sleep(4)
    first.stop(signal.SIGKILL)
    second = start()
    table = boto3.client("dynamodb", endpoint_url=second.emulator_url)
    assert table.scan(TableName="penstock-Table")["Count"] == 2


def test_the_terminal_stays_calm_and_the_log_has_what_functions_say(start: Start) -> None:
    process = start()
    with pytest.raises(Exception, match="500"):
        process.call("GET", "/any/crash")
    assert process.stop() == 0
    assert process.running.stdout is not None
    assert process.running.stdout.read().splitlines() == ["stopping: what runs may finish, the state is kept"]
    log = (process.folder / ".penstock" / "penstock.log").read_text()
    assert "penstock-ApiFunction failed" in log
    assert "ZeroDivisionError" in log


def test_containers_find_the_emulator_by_the_file_written_for_them(start: Start) -> None:
    process = start(PARAMETERS="Greeting=hi")
    variables = json.loads((process.folder / ".penstock" / "env.json").read_text())["Parameters"]
    assert variables["AWS_ENDPOINT_URL"] == process.emulator_url
    assert variables["GREETING"] == "hi"
    assert variables["JWKS_URL"].startswith(process.emulator_url)
    with urlopen(variables["JWKS_URL"], timeout=10) as answer:  # noqa: S310
        assert json.load(answer)["keys"]


def test_a_port_that_is_taken_is_named_with_the_remedy(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for variable in ("PORT", "EMULATOR_PORT"):
            failed = start(**{variable: port})
            assert failed.running.wait(10) == 1
            assert re.search(rf"penstock: port {port} is taken.*set {variable} to a free one", failed.welcome)


def test_a_state_in_use_is_refused(start: Start) -> None:
    start()
    second = start()
    assert second.running.wait(10) == 1
    assert ".penstock" in second.welcome
    assert "STATE" in second.welcome
    assert "Traceback" not in second.welcome


def test_what_the_template_cannot_do_is_said_before_anything_runs(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(path.read_text().replace("rate(2 hours)", "'cron(0 1 * * ? *)'"))
    failed = start()
    assert failed.running.wait(10) == 1
    assert failed.welcome.startswith("penstock: ReaderFunctionTock: ScheduleExpression")


def test_a_function_that_cannot_be_imported_shows_its_error(start: Start, tmp_path: Path) -> None:
    (tmp_path / "functions" / "worker.py").write_text("raise RuntimeError('no such luck')\n")
    failed = start()
    assert failed.running.wait(10) == 1
    assert "no such luck" in failed.welcome
