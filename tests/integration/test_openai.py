"""The OpenAI provider: the real SDK over HTTP to a server that speaks, and mistreats, the real wire format."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import BaseModel, Field

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Catalogue
from penstock.domain.quota import Usage
from penstock.providers.openai import OpenAIWriter
from penstock.settings import Settings
from penstock.wiring import Writers
from tests import fake_openai as fake
from tests.fake_openai import MODEL, PROMPT, FakeOpenAI, Reply, Told, refuses, sends

SECONDS = 10.0
SHORT = 0.5
WITH_CACHE = MODEL.model_copy(update={"cache_write_price": 1_250_000})
BILLED = Usage(input=100, output=50, calls=1, cost=300)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake.serving() as server:
        yield server


@pytest.fixture
def writer(server: FakeOpenAI) -> Iterator[OpenAIWriter]:
    writer = OpenAIWriter("sk-secret", server.url)
    yield writer
    writer.close()


def fate_of(writer: OpenAIWriter, server: FakeOpenAI, reply: Reply) -> Fate:
    """How the call ended that got `reply`. It was one call: the SDK has not tried again."""
    server.answer = fake.always(reply)
    with pytest.raises(Fate) as ended:
        writer.write(MODEL, PROMPT, SECONDS)
    assert len(server.asked) == 1
    return ended.value


# ── what works ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_prompt_goes_out_and_its_text_comes_back(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    completion = writer.write(MODEL, PROMPT, SECONDS)
    assert (completion.text, completion.usage, completion.written_by) == (fake.ARTICLE, BILLED, "openai")
    asked = server.asked[0]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-secret")
    messages = [{"role": "system", "content": "Write."}, {"role": "user", "content": "About forex."}]
    assert asked.body == {"model": "gpt-fake", "messages": messages, "max_tokens": 300}


@pytest.mark.parametrize(
    ("told", "input", "cached", "output", "cost"),
    [
        (fake.usage(100, 50, prompt_tokens_details={"cached_tokens": 60}), 100, 60, 50, 40 + 6 + 200),
        (fake.usage(100, 50, prompt_tokens_details={"cached_tokens": 900}), 100, 100, 50, 10 + 200),
        (fake.usage(100, 50, prompt_tokens_details={"cached_tokens": 60, "cache_write_tokens": 20}), 100, 60, 50, 251),
        (fake.usage(100, 50, prompt_tokens_details={"cached_tokens": 60, "cache_write_tokens": 900}), 100, 60, 50, 256),
        (fake.usage(100, 50, prompt_tokens_details={"cache_write_tokens": None}), 100, 0, 50, 100 + 200),
        (fake.usage(100, 50, prompt_tokens_details=None), 100, 0, 50, 100 + 200),
        (fake.usage(100, 50, completion_tokens_details={"reasoning_tokens": 30}), 100, 0, 50, 100 + 200),
        ({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 180}, 100, 0, 80, 100 + 320),
    ],
    ids=[
        "cached",
        "more cached than there are",
        "written",
        "more written than there are",
        "none written",
        "no details",
        "thoughts counted in",
        "thoughts beside",
    ],
)
def test_usage_is_what_the_provider_bills(
    server: FakeOpenAI, writer: OpenAIWriter, told: dict[str, Any], input: int, cached: int, output: int, cost: int
) -> None:
    server.answer = fake.always(Told(usage=told))
    usage = writer.write(WITH_CACHE, PROMPT, SECONDS).usage
    written = usage.written
    assert usage == Usage(input=input, cached=cached, written=written, output=output, calls=1, cost=cost)
    details = told.get("prompt_tokens_details") or {}
    assert written == min(details.get("cache_write_tokens") or 0, input - cached)


class Shape(BaseModel):
    meta_title: str = Field(alias="metaTitle")
    note: str = "none"


def test_a_shape_is_asked_for_and_comes_back_as_json(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    completion = writer.write(MODEL, PROMPT.model_copy(update={"schema_": Shape}), SECONDS)
    assert json.loads(completion.text) == {"metaTitle": "Sample metaTitle", "note": "Sample note"}
    wanted = server.asked[0].body["response_format"]
    assert (wanted["type"], wanted["json_schema"]["strict"]) == ("json_schema", True)


def test_threads_share_a_writer_and_get_their_own_answers(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    server.answer = lambda asked: Told(f"On {asked.words}")

    def write(number: int) -> str:
        return writer.write(MODEL, PROMPT.model_copy(update={"user": f"line {number}"}), SECONDS).text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(40))) == [f"On line {number}" for number in range(40)]


# ── the fates ───────────────────────────────────────────────────────────────────────────────────────────────────────

FATES: dict[str, tuple[Reply, type[Fate], str]] = {
    "refusal": (Told(None, refusal="I cannot help with that."), Refused, "refused_by_model"),
    "filtered": (Told("Half an", finish="content_filter"), Refused, "content_filter"),
    "prompt filtered": (refuses(400, code="content_filter"), Refused, "content_filter"),
    "truncated": (Told("Half an", finish="length"), Refused, "truncated_answer"),
    "all thoughts": (Told(None, finish="length"), Refused, "truncated_answer"),
    "unfinished": (Told("Half an", finish=None), Transient, "unfinished_answer"),
    "no text": (Told(" \n"), Transient, "empty_answer"),
    "null text": (Told(None), Transient, "empty_answer"),
    "page for an answer": (fake.page(), Transient, "unreadable_answer"),
    "empty body": (sends(b""), Transient, "unreadable_answer"),
    "no body": (sends(b"", 204), Transient, "unreadable_answer"),
    "broken json": (sends(b'{"choices": [{"mess'), Transient, "unreadable_answer"),
    "other json": (sends(b"[]"), Transient, "unreadable_answer"),
    "not text": (sends(b'{"choices": [{"message": {"content": "\xff"}}]}'), Transient, "unreadable_answer"),
    "no choices": (Told(drop="choices"), Transient, "unreadable_answer"),
    "no usage": (Told(drop="usage"), Transient, "unreadable_answer"),
    "less than nothing": (Told(usage=fake.usage(-5, 50)), Transient, "unreadable_answer"),
    "compressed": (sends(gzip.compress(Told().body), Content_Encoding="gzip"), Transient, "unreadable_answer"),
    "hangs up": (fake.hangs_up, Transient, "provider_unreachable"),
    "breaks off": (fake.breaks_off, Transient, "provider_unreachable"),
    "floods": (fake.floods, Transient, "answer_too_large"),
    "floods with a failure": (fake.floods_failing, Transient, "answer_too_large"),
    "fails": (refuses(500), Transient, "provider_failed"),
    "bad gateway": (fake.page(502), Transient, "provider_failed"),
    "overloaded": (refuses(503), Transient, "provider_failed"),
    "bad request": (refuses(400, "Unsupported value."), Refused, "bad_request"),
    "prompt too long": (refuses(400, code="context_length_exceeded"), Refused, "prompt_too_long"),
    "unknown model": (refuses(404, code="model_not_found"), Refused, "model_unavailable"),
    "limited": (refuses(429, code="rate_limit_exceeded", Retry_After="7"), Limited, "limited"),
}


@pytest.mark.parametrize("name", FATES)
def test_each_end_is_a_fate(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    reply, kind, code = FATES[name]
    fate = fate_of(writer, server, reply)
    assert (type(fate), fate.reason) == (kind, code)


@pytest.mark.parametrize("name", ["refusal", "filtered", "truncated", "no text", "unfinished"])
def test_what_was_answered_is_billed_whatever_it_was(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    assert fate_of(writer, server, FATES[name][0]).usage == BILLED


def test_a_limit_says_how_long_to_wait(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    fate = fate_of(writer, server, FATES["limited"][0])
    assert isinstance(fate, Limited)
    assert fate.retry_after == 7


@pytest.mark.parametrize(
    "reply",
    [fake.hangs, fake.drips, fake.drips_headers, fake.drips_failing],
    ids=["hangs", "drips", "drips headers", "drips a failure"],
)
def test_no_server_outlasts_the_seconds_of_a_call(server: FakeOpenAI, writer: OpenAIWriter, reply: Reply) -> None:
    server.answer, began = fake.always(reply), time.monotonic()
    with pytest.raises(Transient) as ended:
        writer.write(MODEL, PROMPT, SHORT)
    assert ended.value.reason == "provider_timeout"
    assert time.monotonic() - began < fake.PATIENCE / 2
    server.answer = fake.written
    assert writer.write(MODEL, PROMPT, SECONDS).text == fake.ARTICLE


def test_without_time_nobody_is_asked(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    with pytest.raises(Transient, match="within 0 s"):
        writer.write(MODEL, PROMPT, 0.0)
    assert server.asked == []


def test_nobody_listens(server: FakeOpenAI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    writer = OpenAIWriter("", f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Transient, match="connection"):
        writer.write(MODEL, PROMPT, SECONDS)
    writer.close()


def test_a_redirect_is_not_followed(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    fate = fate_of(writer, server, sends(b"", 307, Location=f"{server.url}/elsewhere"))
    assert isinstance(fate, Limited)
    assert "OPENAI_BASE_URL" in fate.message


def test_a_key_never_shows(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    """Some gateways quote the whole of it."""
    fate = fate_of(writer, server, refuses(401, "Incorrect API key provided: sk-secret.", code="invalid_api_key"))
    assert isinstance(fate, Limited)
    assert "OPENAI_API_KEY" in fate.message
    assert "sk-secret" not in fate.message


# ── who answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

NEEDED = {name: name for name in ("table_name", "bucket_name", "queue_url_high", "queue_url_normal", "queue_url_low")}


def test_a_provider_that_is_configured_answers_and_the_offline_writer_otherwise(server: FakeOpenAI) -> None:
    other = MODEL.model_copy(update={"id": "elsewhere", "provider": "gemini"})
    settings = Settings.model_validate({**NEEDED, "openai_base_url": server.url, "offline_writer": True})
    models = Catalogue([other, MODEL], available=settings.providers, offline=settings.offline_writer)
    write = Writers(models, settings).write
    assert models.first() == MODEL
    assert write("gpt-fake", PROMPT, SECONDS).written_by == "openai"
    assert write("elsewhere", PROMPT, SECONDS).written_by == "offline"
    assert server.asked[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("given", [{"openai_api_key": "sk-1"}, {"openai_base_url": "http://127.0.0.1:11434/v1"}])
def test_a_key_or_an_address_makes_the_provider_available(given: dict[str, str]) -> None:
    assert Settings.model_validate({**NEEDED, **given}).providers == ("openai",)
    assert Settings.model_validate(NEEDED).providers == ()
