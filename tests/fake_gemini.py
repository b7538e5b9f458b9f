"""A server that speaks the wire format of generateContent, and misbehaves as a test tells it to. How it fails as any
server fails stands in `fake_openai`."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.models import Model
from tests.fake_openai import ARTICLE, Asked, Connection, FakeOpenAI, Reply, sends

MODEL = Model(
    id="gemini-fake",
    provider="gemini",
    input_price=1_000_000,
    cached_price=100_000,
    output_price=4_000_000,
    search_price=14_000,
    search_tokens=1_400,
    search_reads=10_000,
    context_limit=1_000,
    output_limit=500,
    features=("text", "json", "search"),
)
PAINTER = MODEL.model_copy(update={"id": "gemini-fake-image", "features": ("image",), "image_tokens": 3_400})
SPEAKER = MODEL.model_copy(update={"id": "gemini-fake-tts", "features": ("speech",), "character_tokens": 1_000})
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SAMPLES = bytes(range(200)) * 24


class FakeGemini(FakeOpenAI):
    """As FakeOpenAI, with the answers of Gemini."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Callable[[Asked], Reply] = written

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[FakeGemini]:
    server = FakeGemini()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def words(asked: Asked) -> str:
    """The user's part of the prompt."""
    return str(asked.body["contents"][-1]["parts"][0]["text"])


# ── replies of a server that works ──────────────────────────────────────────────────────────────────────────────────


def usage(prompt: int, candidates: int, **more: int) -> dict[str, Any]:
    """Thoughts and what tools read are beside these two, and all are in the total."""
    beside = sum(more.get(name, 0) for name in ("thoughtsTokenCount", "toolUsePromptTokenCount"))
    total = {"totalTokenCount": prompt + candidates + beside}
    return {"promptTokenCount": prompt, "candidatesTokenCount": candidates, **total, **more}


@dataclass(frozen=True)
class Told:
    """An answer. `parts` stand in place of `text`; `candidate` and `more` are added to the candidate and the answer;
    `drop` names fields that are missing from it."""

    text: str | None = ARTICLE
    finish: str | None = "STOP"
    usage: Mapping[str, Any] = field(default_factory=lambda: usage(100, 50))
    parts: Sequence[Mapping[str, Any]] | None = None
    candidate: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    drop: str = ""

    def __call__(self, connection: Connection) -> None:
        sends(self.body)(connection)

    @property
    def body(self) -> bytes:
        parts = self.parts if self.parts is not None else [{"text": self.text}] if self.text is not None else []
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if self.finish:
            candidate["finishReason"] = self.finish
        body = {
            "candidates": [candidate | dict(self.candidate)],
            "usageMetadata": self.usage,
            "modelVersion": "gemini-fake-001",
            "responseId": "Zm9v",
            **self.more,
        }
        body.pop(self.drop, None)
        return json.dumps(body).encode()


def found(*pages: tuple[str, str], queries: Sequence[str] = ()) -> dict[str, Any]:
    """What a candidate says of its search."""
    chunks = [{"web": {"uri": uri, "title": title}} for uri, title in pages]
    entry = {"renderedContent": "<style></style>"}
    metadata = {"webSearchQueries": list(queries), "groundingChunks": chunks, "searchEntryPoint": entry}
    return {"groundingMetadata": metadata}


def file(data: bytes, media_type: str) -> dict[str, Any]:
    """A part of an answer."""
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(data).decode()}}


PAINTED = Told(parts=[file(PNG, "image/png")], usage=usage(20, 1120))
SPOKEN = Told(parts=[file(SAMPLES, "audio/L16;codec=pcm;rate=24000")], usage=usage(30, 600))


def written(asked: Asked) -> Reply:
    """What was asked for: a picture, speech, an object of that shape (all of texts), or an article."""
    wanted = asked.body["generationConfig"]
    if "responseModalities" in wanted:
        return PAINTED if wanted["responseModalities"] == ["IMAGE"] else SPOKEN
    if "responseJsonSchema" not in wanted:
        return Told()
    return Told(json.dumps({name: f"Sample {name}" for name in wanted["responseJsonSchema"]["properties"]}))


# ── replies of one that does not ────────────────────────────────────────────────────────────────────────────────────


def blocks(reason: str) -> Told:
    """The prompt itself is refused: there is no candidate."""
    told = {"promptTokenCount": 100, "totalTokenCount": 100}
    return Told(usage=told, more={"promptFeedback": {"blockReason": reason}}, drop="candidates")


def refuses(status: int, message: str = "No.", name: str = "", *details: Mapping[str, Any], **headers: str) -> Reply:
    """As Google refuses a request; `name` is that of the google.rpc.Code."""
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return sends(json.dumps({"error": error}).encode(), status, **headers)


def info(reason: str) -> dict[str, Any]:
    domain = {"domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"}}
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, **domain}


def wait(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def exceeded(quota: str, value: str | None = "250") -> dict[str, Any]:
    violation = {"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": quota}
    violation |= {"quotaValue": value} if value else {}
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


def limited(delay: str) -> Reply:
    """A quota of the minute is used up."""
    quota = exceeded("GenerateRequestsPerMinutePerProjectPerModel")
    return refuses(429, "You exceeded your current quota.", "RESOURCE_EXHAUSTED", quota, wait(delay))


WRONG_KEY = refuses(400, "API key not valid. Pass a valid API key.", "INVALID_ARGUMENT", info("API_KEY_INVALID"))
NO_CREDIT = refuses(429, "Your prepayment credits are depleted.", "RESOURCE_EXHAUSTED")
