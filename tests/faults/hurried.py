"""The processes that are killed: local mode, or workers beside it. Their leases last seconds, so what the engine keeps
free of a worker's time is scaled down with them, here and nowhere else."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from local import clients, invoke
from local.__main__ import main as run_local_mode
from local.describe import describe
from local.queues import QueuePump
from local.template import load
from penstock.domain import work as steps
from penstock.engine import work


def hurry() -> None:
    work.SETTLE_MARGIN = 1.0
    steps.LEAST_SECONDS_FOR_A_CALL = 1.0


def run_workers() -> None:
    """Each line of input asks for a worker, a process of its own that takes one message after the other, as one of
    Lambda's environments; its number is the answer. All of them end with the input."""
    worker = _worker()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    os.setpgrp()
    for _ in sys.stdin:
        number = os.fork()
        if number == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its log lines are no answers
            worker.run()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)


def _worker() -> QueuePump:
    """All that the workers have in common, but no connection."""
    description = describe(load(Path(os.environ["TEMPLATE"]), {}), "")
    mapping = next(each for each in description.queues if each.logical_id == "WorkerFunctionNormal")
    function = {mapping.function: description.functions[mapping.function]}
    handler = invoke.load(function, description.layers)[mapping.function]
    clients._client.cache_clear()
    return QueuePump(replace(mapping, concurrency=1), handler)


if __name__ == "__main__":
    hurry()
    {"workers": run_workers, "local": run_local_mode}[sys.argv[1]]()
