"""A server that speaks the wire format of POST /v1/chat/completions, and misbehaves as a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from penstock.domain.models import Model
from penstock.domain.prompts import Prompt
from tests.desk import good

MODEL = Model(
    id="gpt-fake",
    provider="openai",
    input_price=1_000_000,
    cached_price=100_000,
    output_price=4_000_000,
    context_limit=1_000,
    output_limit=500,
)
PROMPT = Prompt(purpose="content", system="Write.", user="About forex.", max_output=300)
# The longest that a reply of a misbehaving server goes on. Seconds.
PATIENCE = 20.0

# What the quality gate lets pass where a short one in English is asked for.
ARTICLE = good("en", "short")


class Connection(BaseHTTPRequestHandler):
    """One request. A reply writes to it whatever it likes."""

    protocol_version = "HTTP/1.1"
    server: "FakeOpenAI"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.close_connection = True
        try:
            self.server.reply_to(asked)(self)
        except ConnectionError:
            self.server.hung_up += 1

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: what was asked stands in the server's `asked`."""


Reply = Callable[[Connection], None]


@dataclass(frozen=True)
class Asked:
    """A request as it came, its headers' names in small letters."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The user's part of the prompt."""
        return str(self.body["messages"][-1]["content"])


class FakeOpenAI(ThreadingHTTPServer):
    """`answer` finds the reply to each request. `asked` are those that came; `hung_up` counts the clients that did not
    wait for the end of a reply; `closing` ends the replies that would go on."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.answer: Callable[[Asked], Reply] = written
        self.asked: list[Asked] = []
        self.hung_up = 0
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.answer(asked)


@contextmanager
def serving() -> Iterator[FakeOpenAI]:
    server = FakeOpenAI()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def always(reply: Reply) -> Callable[[Asked], Reply]:
    return lambda _: reply


# ── replies of a server that works ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Told:
    """A chat completion. `drop` names fields that are missing from it."""

    text: str | None = ARTICLE
    finish: str | None = "stop"
    refusal: str | None = None
    usage: Mapping[str, Any] = field(default_factory=lambda: usage(100, 50))
    drop: str = ""

    def __call__(self, connection: Connection) -> None:
        sends(self.body)(connection)

    @property
    def body(self) -> bytes:
        message = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_800_000_000,
            "model": "gpt-fake-2026-11-01",
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish, "logprobs": None}],
            "usage": self.usage,
        }
        body.pop(self.drop, None)
        return json.dumps(body).encode()


def usage(prompt: int, completion: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion, **more}


def written(asked: Asked) -> Reply:
    """An article, or an object of the shape that was asked for, all of texts."""
    wanted = asked.body.get("response_format")
    if wanted is None:
        return Told()
    names = wanted["json_schema"]["schema"]["properties"]
    return Told(json.dumps({name: f"Sample {name}" for name in names}))


# ── replies of one that does not ────────────────────────────────────────────────────────────────────────────────────


def sends(body: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> Reply:
    """`body` as it is. Underscores in the names of headers stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(connection: Connection) -> None:
        connection.head(status, {"Content-Type": content_type, "Content-Length": str(len(body)), **named})
        connection.wfile.write(body)

    return reply


def refuses(status: int, message: str = "No.", code: str | None = None, kind: str = "error", **headers: str) -> Reply:
    """As OpenAI refuses a request."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return sends(json.dumps({"error": error}).encode(), status, **headers)


def page(status: int = 200) -> Reply:
    """What a proxy puts in the place of an answer."""
    return sends(b"<!doctype html><title>Bad gateway</title><h1>502</h1>", status, "text/html; charset=utf-8")


def hangs(connection: Connection) -> None:
    """Takes the request, and says nothing."""
    connection.server.closing.wait(PATIENCE)


def hangs_up(connection: Connection) -> None:
    """Closes the connection without a word."""


def breaks_off(connection: Connection) -> None:
    """Closes the connection in the middle of the body it has announced."""
    connection.head(200, {"Content-Type": "application/json", "Content-Length": "5000"})
    connection.wfile.write(b'{"id": "chatcmpl-1", "choices": [')


def drips(connection: Connection, status: int = 200) -> None:
    """One byte of the body after another, each well within any timeout of a socket."""
    connection.head(status, {"Content-Type": "application/json", "Content-Length": "5000"})
    _drip(connection)


def drips_failing(connection: Connection) -> None:
    """As `drips`, of a refusal."""
    drips(connection, 500)


def drips_headers(connection: Connection) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(connection)


def _drip(connection: Connection) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        connection.wfile.write(b" ")
        connection.wfile.flush()
        if connection.server.closing.wait(0.05):
            return


def floods(connection: Connection, status: int = 200) -> None:
    """Far more than any answer, as fast as it goes."""
    connection.head(status, {"Content-Type": "application/json", "Connection": "close"})
    for _ in range(1024):
        connection.wfile.write(b" " * 65536)


def floods_failing(connection: Connection) -> None:
    """As `floods`, of a refusal."""
    floods(connection, 500)
