"""Starts what `test_kill` kills: local mode on a template whose leases last seconds, and workers beside it. Watches
them from outside, over the emulator's port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from threading import Event
from typing import Any, Self

from bench.penstock import ROOT, Penstock, running

CORE = ROOT / "layers/core/python"
KINDS = Path(__file__).parent / "kinds"
HURRIED = ("-m", "tests.faults.hurried")
LEASE, VISIBILITY = 10, 11
SCALED = {
    "Timeout: 900": f"Timeout: {LEASE}",
    "VisibilityTimeout: !Ref VisibilitySeconds": f"VisibilityTimeout: {VISIBILITY}",
    "rate(1 minute)": "rate(2 seconds)",
}
# What only the worker's mappings have, as the template writes it.
MAPPED = "ScalingConfig: {MaximumConcurrency: !Ref"


@contextmanager
def hurried(folder: Path, provider: str, *, workers: bool = True) -> Iterator[Penstock]:
    """Local mode with short leases. Without `workers`, nobody there takes item messages."""
    path = _template(folder, {} if workers else {MAPPED: f"Enabled: false, {MAPPED}"})
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (CORE, ROOT))), "EXTRA_KINDS": str(KINDS), "TEMPLATE": str(path)}
    with running(*HURRIED, "local", PROVIDER=provider, **paths) as penstock:
        yield penstock


def _template(folder: Path, more: Mapping[str, str]) -> Path:
    """A copy with its time scaled; its code is where it was."""
    text = (ROOT / "template.yaml").read_text()
    for old, new in {**SCALED, **more}.items():
        assert old in text, f"the template has no {old!r} any more"
        text = text.replace(old, new)
    for name in ("functions", "layers"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    path = folder / ("template-without-workers.yaml" if more else "template.yaml")
    path.write_text(text)
    return path


class Workers:
    """Worker processes beside local mode: as many as `number`, and in the place of each that is killed another one."""

    def __init__(self, number: int, penstock: Penstock, folder: Path) -> None:
        self.killed: list[int] = []
        template = {"TEMPLATE": str(_template(folder, {}))}
        environment = {**os.environ, **penstock.variables, **penstock.environment, **template}
        command = [sys.executable, *HURRIED, "workers"]
        self._log = folder / "workers.log"
        with self._log.open("wb") as log:
            self._parent = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._running = [self._start() for _ in range(number)]

    def _start(self) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write("one more\n")
        self._parent.stdin.flush()
        number = self._parent.stdout.readline()
        assert number, self._log.read_text()
        return int(number)

    def kill_one(self, random: Random) -> None:
        killed = random.choice(self._running)
        os.kill(killed, signal.SIGKILL)
        self._running.remove(killed)
        self.killed.append(killed)
        self._running.append(self._start())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate(timeout=10)


class Follower:
    """Reads the table's stream as it grows, from the oldest record that is there."""

    def __init__(self, penstock: Penstock) -> None:
        self.records: list[dict[str, Any]] = []
        self._client = penstock.client("dynamodbstreams")
        arn = self._client.list_streams(TableName=penstock.variables["TABLE_NAME"])["Streams"][0]["StreamArn"]
        shard = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        place = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        self._next = self._client.get_shard_iterator(**place)["ShardIterator"]
        self._stopping = Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="follower")
        self._following: Future[None] | None = None

    def _follow(self) -> None:
        while not self._stopping.wait(0.1):
            self._read()

    def _read(self) -> None:
        """All that is there. Raises where a record was missed."""
        while True:
            found = self._client.get_records(ShardIterator=self._next)
            self._next = found["NextShardIterator"]
            self.records += found["Records"]
            if not found["Records"]:
                return

    def __enter__(self) -> Self:
        self._following = self._thread.submit(self._follow)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.shutdown()
        with closing(self._client):
            if self._following:
                self._following.result()
            self._read()
