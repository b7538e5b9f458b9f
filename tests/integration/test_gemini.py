"""The Gemini provider: the real SDK over HTTP to a server that speaks, and mistreats, the real wire format."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from pydantic import BaseModel, Field

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Catalogue
from penstock.domain.prompts import ImagePrompt, Source, SpeechPrompt
from penstock.domain.quota import Usage
from penstock.providers.gemini import GeminiWriter
from penstock.settings import Settings
from penstock.wiring import Writers
from tests import fake_gemini as fake
from tests import fake_openai as failing
from tests.fake_gemini import MODEL, PAINTER, PNG, SPEAKER, FakeGemini, Told, exceeded, file, refuses, usage, wait
from tests.fake_openai import PROMPT, Reply, always, sends

SECONDS = 10.0
SHORT = 0.5
BILLED = Usage(input=100, output=50, calls=1, cost=300)
PICTURE = ImagePrompt(purpose="image", description="A cat in a hat.", shape="portrait")
SPEECH = SpeechPrompt(purpose="speech", text="Good morning.", voice="Kore")


@pytest.fixture
def server() -> Iterator[FakeGemini]:
    with fake.serving() as server:
        yield server


@pytest.fixture
def writer(server: FakeGemini) -> Iterator[GeminiWriter]:
    writer = GeminiWriter("AIza-secret", server.url)
    yield writer
    writer.close()


def fate_of(writer: GeminiWriter, server: FakeGemini, reply: Reply) -> Fate:
    """How the call ended that got `reply`. It was one call: the SDK has not tried again."""
    server.answer = always(reply)
    with pytest.raises(Fate) as ended:
        writer.write(MODEL, PROMPT, SECONDS)
    assert len(server.asked) == 1
    return ended.value


# ── what works ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_prompt_goes_out_and_its_text_comes_back(server: FakeGemini, writer: GeminiWriter) -> None:
    completion = writer.write(MODEL, PROMPT, SECONDS)
    assert (completion.text, completion.usage, completion.written_by) == (failing.ARTICLE, BILLED, "gemini")
    asked = server.asked[0]
    assert asked.path == "/v1beta/models/gemini-fake:generateContent"
    assert (asked.headers["x-goog-api-key"], asked.headers["accept-encoding"]) == ("AIza-secret", "identity")
    assert "x-server-timeout" not in asked.headers
    assert asked.body == {
        "systemInstruction": {"parts": [{"text": "Write."}], "role": "user"},
        "contents": [{"parts": [{"text": "About forex."}], "role": "user"}],
        "generationConfig": {"maxOutputTokens": 300},
    }


class Shape(BaseModel):
    meta_title: str = Field(alias="metaTitle", max_length=60)
    note: str = "none"


def test_a_shape_is_asked_for_and_comes_back_as_json(server: FakeGemini, writer: GeminiWriter) -> None:
    completion = writer.write(MODEL, PROMPT.model_copy(update={"schema_": Shape}), SECONDS)
    assert json.loads(completion.text) == {"metaTitle": "Sample metaTitle", "note": "Sample note"}
    config = server.asked[0].body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"] == {
        "title": "Shape",
        "type": "object",
        "properties": {
            "metaTitle": {"title": "Metatitle", "type": "string"},
            "note": {"title": "Note", "type": "string"},
        },
        "required": ["metaTitle", "note"],
    }


def test_a_thinking_model_is_told_to_think_little(server: FakeGemini, writer: GeminiWriter) -> None:
    server.answer = always(Told(usage=usage(100, 50, thoughtsTokenCount=30)))
    thinking = MODEL.model_copy(update={"features": ("text", "reasoning")})
    completion = writer.write(thinking, PROMPT.model_copy(update={"temperature": 0.5}), SECONDS)
    assert completion.usage == Usage(input=100, output=80, calls=1, cost=420)
    thinking_config = {"thinking_level": "LOW"}  # the SDK's spelling: Google takes the names of its fields, too
    assert server.asked[0].body["generationConfig"] == {"maxOutputTokens": 300, "thinkingConfig": thinking_config}


def test_a_search_is_asked_for_and_its_sources_come_back(server: FakeGemini, writer: GeminiWriter) -> None:
    page = ("https://vertexaisearch.cloud.google.com/grounding-api-redirect/abc", "example.com")
    told = usage(100, 50, toolUsePromptTokenCount=2_000)
    server.answer = always(Told(usage=told, candidate=fake.found(page, queries=["pips", "what is a pip"])))
    prompt = PROMPT.model_copy(update={"search": True})
    completion = writer.write(MODEL, prompt, SECONDS)
    assert server.asked[0].body["tools"] == [{"googleSearch": {}}]
    assert completion.sources == (Source(url=page[0], title="example.com"),)
    cost = 2_100 + 4 * 50 + 2 * 14_000
    assert completion.usage == Usage(input=2_100, output=50, calls=1, searches=2, extra=2_800, cost=cost)
    assert completion.usage.cost <= prompt.most(MODEL).cost


def test_a_picture_comes_back_as_a_file(server: FakeGemini, writer: GeminiWriter) -> None:
    made = writer.make(PAINTER, PICTURE, SECONDS)
    assert (made.data, made.media_type, made.written_by) == (PNG, "image/png", "gemini")
    assert made.usage == Usage(images=1, calls=1, extra=3_400, cost=20 + 4 * 1_120)
    body = server.asked[0].body
    assert body["contents"][0]["parts"] == [{"text": "A cat in a hat."}]
    picture = {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "2:3"}}
    assert body["generationConfig"] == {"maxOutputTokens": 500, **picture}


def test_speech_comes_back_as_a_file(server: FakeGemini, writer: GeminiWriter) -> None:
    made = writer.make(SPEAKER, SPEECH, SECONDS)
    assert (made.data[:4], made.data[44:], made.media_type) == (b"RIFF", fake.SAMPLES, "audio/wav")
    assert made.usage == Usage(characters=13, calls=1, extra=13, cost=30 + 4 * 600)
    body = server.asked[0].body
    assert body["contents"][0]["parts"] == [{"text": "Good morning."}]
    voice = {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}}
    speech = {"responseModalities": ["AUDIO"], "speechConfig": voice}
    assert body["generationConfig"] == {"maxOutputTokens": 500, **speech}


def test_threads_share_a_writer_and_get_their_own_answers(server: FakeGemini, writer: GeminiWriter) -> None:
    server.answer = lambda asked: Told(f"On {fake.words(asked)}")

    def write(number: int) -> str:
        return writer.write(MODEL, PROMPT.model_copy(update={"user": f"line {number}"}), SECONDS).text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(40))) == [f"On line {number}" for number in range(40)]


def test_nothing_of_the_environment_reaches_the_sdk(server: FakeGemini, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {
        "GOOGLE_API_KEY": "AIza-another",
        "GEMINI_API_KEY": "AIza-a-third",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "project",
        "GOOGLE_CLOUD_LOCATION": "us-central1",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": "/nowhere",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    for key, sent in (("AIza-secret", "AIza-secret"), ("", "none")):
        writer = GeminiWriter(key, server.url)
        assert writer.write(MODEL, PROMPT, SECONDS).text == failing.ARTICLE
        writer.close()
        assert server.asked[-1].headers["x-goog-api-key"] == sent
        assert server.asked[-1].path == "/v1beta/models/gemini-fake:generateContent"


# ── the fates ───────────────────────────────────────────────────────────────────────────────────────────────────────

FATES: dict[str, tuple[Reply, type[Fate], str]] = {
    "prompt blocked": (fake.blocks("PROHIBITED_CONTENT"), Refused, "content_filter"),
    "filtered": (Told("Half an", finish="SAFETY"), Refused, "content_filter"),
    "recited": (Told(None, finish="RECITATION"), Refused, "content_filter"),
    "truncated": (Told("Half an", finish="MAX_TOKENS"), Refused, "truncated_answer"),
    "all thoughts": (Told(None, finish="MAX_TOKENS"), Refused, "truncated_answer"),
    "to be continued": (
        Told("Half an", finish="CONTINUATION", candidate={"continuationToken": "Zm9v"}),
        Refused,
        "truncated_answer",
    ),
    "unfinished": (Told("Half an", finish=None), Transient, "unfinished_answer"),
    "other": (Told(None, finish="OTHER"), Transient, "unfinished_answer"),
    "malformed": (Told(None, finish="MALFORMED_FUNCTION_CALL"), Transient, "unfinished_answer"),
    "new reason": (Told("Half an", finish="TIRED"), Transient, "unfinished_answer"),
    "no text": (Told(" \n"), Transient, "empty_answer"),
    "no candidates": (Told(drop="candidates"), Transient, "empty_answer"),
    "page for an answer": (failing.page(), Transient, "unreadable_answer"),
    "empty body": (sends(b""), Transient, "unreadable_answer"),
    "broken json": (sends(b'{"candidates": [{"cont'), Transient, "unreadable_answer"),
    "other json": (sends(b"[]"), Transient, "unreadable_answer"),
    "no usage": (Told(drop="usageMetadata"), Transient, "unreadable_answer"),
    "compressed": (sends(gzip.compress(Told().body), Content_Encoding="gzip"), Transient, "unreadable_answer"),
    "hangs up": (failing.hangs_up, Transient, "provider_unreachable"),
    "breaks off": (failing.breaks_off, Transient, "provider_unreachable"),
    "floods": (failing.floods, Transient, "answer_too_large"),
    "floods with a failure": (failing.floods_failing, Transient, "answer_too_large"),
    "fails": (refuses(500, "Internal.", "INTERNAL"), Transient, "provider_failed"),
    "bad gateway": (failing.page(502), Transient, "provider_failed"),
    "overloaded": (refuses(503, "The model is overloaded.", "UNAVAILABLE"), Transient, "provider_failed"),
    "too slow": (refuses(504, "Deadline expired.", "DEADLINE_EXCEEDED"), Transient, "provider_failed"),
    "a list of refusals": (sends(b'[{"error": {"code": 500}}, {}]', 500), Transient, "provider_failed"),
    "refusal of bytes": (sends(b"\xff\xfe\xff", 500), Transient, "unreadable_answer"),
    "refusal without end": (sends(b"[" * 200_000, 500), Transient, "unreadable_answer"),
    "refusal by number": (sends(b'{"error": ' + b"1" * 5_000 + b"}", 500), Transient, "unreadable_answer"),
    "bad request": (refuses(400, "Unsupported value.", "INVALID_ARGUMENT"), Refused, "bad_request"),
    "prompt too long": (
        refuses(400, "The input token count (2) exceeds the maximum (1).", "INVALID_ARGUMENT"),
        Refused,
        "prompt_too_long",
    ),
    "unknown model": (refuses(404, "models/x is not found.", "NOT_FOUND"), Refused, "model_unavailable"),
    "limited": (fake.limited("20s"), Limited, "limited"),
    "wrong key": (fake.WRONG_KEY, Limited, "limited"),
    "no credit": (fake.NO_CREDIT, Limited, "limited"),
}


@pytest.mark.parametrize("name", FATES)
def test_each_end_is_a_fate(server: FakeGemini, writer: GeminiWriter, name: str) -> None:
    reply, kind, code = FATES[name]
    fate = fate_of(writer, server, reply)
    assert (type(fate), fate.reason) == (kind, code)


ANSWERED = ("filtered", "recited", "truncated", "to be continued", "no text", "no candidates", "unfinished", "other")


@pytest.mark.parametrize("name", ANSWERED)
def test_what_was_answered_is_billed_whatever_it_was(server: FakeGemini, writer: GeminiWriter, name: str) -> None:
    assert fate_of(writer, server, FATES[name][0]).usage == BILLED


def test_a_limit_says_how_long_to_wait(server: FakeGemini, writer: GeminiWriter) -> None:
    fate = fate_of(writer, server, FATES["limited"][0])
    assert isinstance(fate, Limited)
    assert fate.retry_after == 20


def test_a_quota_of_the_day_pauses_the_job(server: FakeGemini, writer: GeminiWriter) -> None:
    quota = exceeded("GenerateRequestsPerDayPerProjectPerModel-FreeTier")
    fate = fate_of(writer, server, refuses(429, "You exceeded your quota.", "RESOURCE_EXHAUSTED", quota, wait("22s")))
    assert isinstance(fate, Limited)
    assert (fate.retry_after, "of the day" in fate.message) == (300, True)


@pytest.mark.parametrize(
    "reply",
    [failing.hangs, failing.drips, failing.drips_headers, failing.drips_failing],
    ids=["hangs", "drips", "drips headers", "drips a failure"],
)
def test_no_server_outlasts_the_seconds_of_a_call(server: FakeGemini, writer: GeminiWriter, reply: Reply) -> None:
    server.answer, began = always(reply), time.monotonic()
    with pytest.raises(Transient) as ended:
        writer.write(MODEL, PROMPT, SHORT)
    assert ended.value.reason == "provider_timeout"
    assert time.monotonic() - began < failing.PATIENCE / 2
    server.answer = fake.written
    assert writer.write(MODEL, PROMPT, SECONDS).text == failing.ARTICLE


def test_without_time_nobody_is_asked(server: FakeGemini, writer: GeminiWriter) -> None:
    with pytest.raises(Transient, match="within 0 s"):
        writer.write(MODEL, PROMPT, 0.0)
    assert server.asked == []


def test_what_a_model_does_not_make_is_asked_of_nobody(server: FakeGemini, writer: GeminiWriter) -> None:
    with pytest.raises(Refused, match="makes no image"):
        writer.make(MODEL, PICTURE, SECONDS)
    assert server.asked == []


def test_a_picture_may_be_larger_than_a_text(server: FakeGemini, writer: GeminiWriter) -> None:
    large = PNG + bytes(6_000_000)
    server.answer = always(Told(parts=[file(large, "image/png")]))
    assert writer.make(PAINTER, PICTURE, SECONDS).data == large
    with pytest.raises(Transient) as ended:
        writer.write(MODEL, PROMPT, SECONDS)
    assert ended.value.reason == "answer_too_large"


@pytest.mark.parametrize("codec", ["zlib_codec", "utf-16", "none"])
def test_an_answer_is_utf_8_whatever_codec_it_names(server: FakeGemini, writer: GeminiWriter, codec: str) -> None:
    server.answer = always(sends(Told("Một bài viết").body, content_type=f"application/json; charset={codec}"))
    assert writer.write(MODEL, PROMPT, SECONDS).text == "Một bài viết"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    writer = GeminiWriter("", f"http://127.0.0.1:{port}")
    with pytest.raises(Transient, match="connection"):
        writer.write(MODEL, PROMPT, SECONDS)
    writer.close()


def test_who_does_not_let_one_in_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's queue of connections that is full."""
    monkeypatch.setattr("penstock.providers.gemini.writer.CONNECT_SECONDS", SHORT)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        waiting.enter_context(socket.create_connection(full.getsockname()))
        writer, began = GeminiWriter("", f"http://127.0.0.1:{full.getsockname()[1]}"), time.monotonic()
        with pytest.raises(Transient, match="ConnectTimeout"):
            writer.write(MODEL, PROMPT, 60.0)
        assert time.monotonic() - began < SECONDS
        writer.close()


def test_an_address_that_is_none_is_the_operators() -> None:
    writer = GeminiWriter("", "http://127.0.0.1:http")
    with pytest.raises(Limited, match="GEMINI_BASE_URL") as limited:
        writer.write(MODEL, PROMPT, SECONDS)
    assert limited.value.operator
    writer.close()


def test_a_redirect_is_not_followed(server: FakeGemini, writer: GeminiWriter) -> None:
    fate = fate_of(writer, server, sends(b"", 307, Location=f"{server.url}/elsewhere"))
    assert isinstance(fate, Limited)
    assert "GEMINI_BASE_URL" in fate.message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_key_never_shows(server: FakeGemini, writer: GeminiWriter, status: int) -> None:
    """Some gateways quote the whole of it."""
    fate = fate_of(writer, server, refuses(status, "Unknown model or key: AIza-secret.", "NOT_FOUND"))
    assert "AIza-secret" not in fate.message


# ── who answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

NEEDED = {name: name for name in ("table_name", "bucket_name", "queue_url_high", "queue_url_normal", "queue_url_low")}


def test_the_provider_of_a_model_answers_for_it(server: FakeGemini) -> None:
    given = {"gemini_base_url": server.url, "gemini_api_key": "AIza-secret\n", "offline_writer": True}
    settings = Settings.model_validate({**NEEDED, **given})
    other = MODEL.model_copy(update={"id": "elsewhere", "provider": "openai"})
    writers = Writers(Catalogue([other, MODEL, PAINTER], available=settings.providers, offline=True), settings)
    assert writers.write("gemini-fake", PROMPT, SECONDS).written_by == "gemini"
    assert writers.make("gemini-fake-image", PICTURE, SECONDS).written_by == "gemini"
    assert writers.write("elsewhere", PROMPT, SECONDS).written_by == "offline"
    assert {asked.headers["x-goog-api-key"] for asked in server.asked} == {"AIza-secret"}


@pytest.mark.parametrize("given", [{"gemini_api_key": "AIza-1"}, {"gemini_base_url": "http://127.0.0.1:8080"}])
def test_a_key_or_an_address_makes_the_provider_available(given: dict[str, str]) -> None:
    assert Settings.model_validate({**NEEDED, **given}).providers == ("gemini",)
    assert Settings.model_validate({**NEEDED, **given, "openai_api_key": "sk-1"}).providers == ("openai", "gemini")


def test_a_key_is_not_shown_by_the_settings() -> None:
    settings = Settings.model_validate({**NEEDED, "gemini_api_key": "AIza-secret"})
    assert "AIza-secret" not in repr(settings)
