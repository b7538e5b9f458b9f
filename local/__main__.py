"""`python -m local`: runs the template until SIGINT or SIGTERM."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from local import dotenv
from local.errors import LocalError
from local.settings import Settings, from_environment

if TYPE_CHECKING:
    from local.server import LocalMode

MOST_LOG = 10 * 1024 * 1024


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 if local mode could not start."""
    try:
        dotenv.take(os.environ)
        settings = from_environment(os.environ)
        settings.state.mkdir(parents=True, exist_ok=True)
        with _logging(settings) as terminal:
            return _run(settings, terminal)
    except LocalError as problem:
        print(f"penstock: {problem}", file=sys.stderr)
        return 1


def _run(settings: Settings, terminal: TextIO) -> int:
    from local import server  # noqa: PLC0415  # half a second of imports, after settings are known to be right

    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    mode = server.LocalMode(settings)
    mode.start()
    for notice in mode.notices:
        print(f"penstock: {notice}", file=terminal)
    print(_welcome(mode, settings), file=terminal, flush=True)
    asked.wait()
    print("stopping: what runs may finish, the state is kept", file=terminal, flush=True)
    if not mode.stop():
        print(
            f"penstock: a function did not end within {server.GRACE_SECONDS:.0f} s and was cut off",
            file=terminal,
            flush=True,
        )
    return 0


def _welcome(mode: "LocalMode", settings: Settings) -> str:
    lines = [f"Penstock is ready: {mode.url}"]
    if mode.has_route("GET /docs"):
        lines.append(f"  read       {mode.url}/docs")
    if mode.users:
        lines.append(
            f"  sign in    curl '{mode.url}/local/token?user={mode.users[0]}'   (also {', '.join(mode.users[1:])})"
        )
    lines.extend(f"  {'answers' if number == 0 else '':9}  {line}" for number, line in enumerate(mode.answering))
    lines.append(f"  emulator   {mode.emulator_url}   state and log in {settings.state}/   (start empty: FRESH=1)")
    lines.append("  stop       Ctrl-C")
    return "\n".join(lines)


@contextlib.contextmanager
def _logging(settings: Settings) -> Iterator[TextIO]:
    """Sends what handlers print and log to the state folder's log, as Lambda does to its own; yields the terminal."""
    terminal = sys.stdout
    if settings.verbose:
        logging.basicConfig(stream=sys.stderr, level=logging.INFO)
        yield terminal
        return
    logging.getLogger("botocore").setLevel(logging.WARNING)
    with _open(settings.state / "penstock.log") as log:
        logging.basicConfig(stream=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            yield terminal


def _open(path: Path) -> TextIO:
    if path.exists() and path.stat().st_size > MOST_LOG:
        path.replace(path.with_suffix(".log.old"))
    return path.open("a", encoding="utf-8", buffering=1)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is on disk. Python's own way out waits for a function that does not end, and takes a second besides.
    os._exit(status)
