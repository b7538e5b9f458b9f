"""A provider outside the processes that are killed: every call that reaches it is paid for."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Condition, Thread
from typing import Any, Self

Step = tuple[str, int, str]  # job, line, name
Watch = Callable[[dict[str, Any]], Callable[[], None]]


@dataclass(frozen=True)
class Asked:
    """One call: by which process, when, and until when its worker's lease lasts, in seconds since 1970."""

    step: Step
    process: int
    at: float
    until: float


@dataclass(frozen=True)
class Repeat:
    """A call that was made once more, `after`. `stored`: its worker had gone on to another step of the line by then,
    so the result was kept."""

    call: Asked
    after: Asked
    stored: bool

    @property
    def overrun(self) -> bool:
        """On a machine that is too busy: the worker's lease was over before it could keep the result."""
        return not self.stored and self.after.at > self.call.until


class Provider:
    """Answers after up to `longest` seconds, and keeps what it was asked. `watch` sees each call as it begins, and what
    it returns is called when the call ends."""

    def __init__(self, random: Random, longest: float, watch: Watch | None = None) -> None:
        self.asked: list[Asked] = []
        self._random, self._longest, self._watch, self._news = random, longest, watch, Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="provider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def paid(self) -> Counter[Step]:
        return Counter(each.step for each in self.asked)

    @property
    def repeated(self) -> list[Repeat]:
        last: dict[Step, Asked] = {}
        found = []
        for call in self.asked:
            if call.step in last:
                found.append(Repeat(last[call.step], call, self._stored(last[call.step], call)))
            last[call.step] = call
        return found

    def _stored(self, call: Asked, after: Asked) -> bool:
        between = self.asked[self.asked.index(call) + 1 : self.asked.index(after)]
        return any((each.process, each.step[:2]) == (call.process, call.step[:2]) for each in between)

    def wait_for(self, steps: int, seconds: float = 90) -> None:
        """Until so many different steps were paid for."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.paid) >= steps, seconds), f"{len(self.paid)} of {steps} steps"

    def answer(self, call: dict[str, Any]) -> None:
        with self._news:
            step = call["job_id"], call["index"], call["step"]
            now = time.time()
            self.asked.append(Asked(step, call["process"], now, now + call["seconds_left"]))
            self._news.notify_all()
            pause = self._random.uniform(0, self._longest)
        ended = self._watch(call) if self._watch else None
        time.sleep(pause)
        if ended:
            ended()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            provider.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The terminal is the tests'."""

    return Handler
