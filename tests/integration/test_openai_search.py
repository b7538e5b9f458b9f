"""Searching with OpenAI: its Responses, by the real SDK over HTTP to a server that speaks the real wire format."""

import json
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.prompts import MOST_SEARCHES, Source
from penstock.domain.quota import Usage
from penstock.providers.openai import OpenAIWriter
from tests import fake_openai as fake
from tests import fake_responses
from tests.fake_openai import FakeOpenAI, Reply, refuses, sends
from tests.fake_responses import OPENED, SEARCHED, Found, failed, incomplete

SECONDS = 10.0
MODEL = fake.MODEL.model_copy(
    update={
        "features": ("text", "json", "reasoning", "search"),
        "cache_write_price": 1_250_000,
        "search_price": 10_000,
        "search_tokens": 1_000,
        "search_reads": 5_000,
    }
)
PROMPT = fake.PROMPT.model_copy(update={"search": True, "temperature": 0.5})
BILLED = Usage(input=1000, output=50, searches=1, extra=1_000, calls=1, cost=1000 + 200 + 10_000)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake.serving() as server:
        server.answer = fake.always(Found())
        yield server


@pytest.fixture
def writer(server: FakeOpenAI) -> Iterator[OpenAIWriter]:
    writer = OpenAIWriter("sk-secret", server.url, vendor=True)
    yield writer
    writer.close()


def test_what_was_found_comes_back_with_its_sources_and_its_price(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    found = writer.write(MODEL, PROMPT, SECONDS)
    assert found.text == "A pip is the last decimal of a price ([Pips](https://a.example/pips))."
    assert found.sources == (Source(url="https://a.example/pips", title="Pips"), Source(url="https://b.example/?q=1"))
    assert (found.usage, found.written_by) == (BILLED, "openai")


def test_the_request_bounds_searches_and_output_and_has_nothing_kept(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    writer.write(MODEL, PROMPT, SECONDS)
    asked = server.asked[0]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/responses", "Bearer sk-secret")
    assert asked.body == {
        "model": "gpt-fake",
        "instructions": "Write.",
        "input": "About forex.",
        "max_output_tokens": 300,
        "tools": [{"type": "web_search"}],
        "max_tool_calls": MOST_SEARCHES,
        "store": False,
        "reasoning": {"effort": "low"},
    }


def test_a_prompt_without_search_stays_with_chat_completions(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    server.answer = fake.written
    assert writer.write(MODEL, fake.PROMPT, SECONDS).sources == ()
    assert server.asked[0].path == "/v1/chat/completions"


def test_a_server_that_is_not_the_vendors_writes_without_searching(server: FakeOpenAI) -> None:
    server.answer = fake.written
    writer = OpenAIWriter("", server.url)
    found = writer.write(MODEL, PROMPT, SECONDS)
    writer.close()
    assert (found.text, found.sources, found.usage.searches) == (fake.ARTICLE, (), 0)
    assert server.asked[0].path == "/v1/chat/completions"


class Shape(BaseModel):
    facts: list[str]


def test_a_shape_can_be_searched_for_too(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    server.answer = fake.always(Found(json.dumps({"facts": ["A pip is small."]})))
    found = writer.write(MODEL, PROMPT.model_copy(update={"schema_": Shape}), SECONDS)
    assert Shape.model_validate_json(found.text).facts == ["A pip is small."]
    wanted = server.asked[0].body["text"]["format"]
    assert (wanted["type"], wanted["name"], wanted["strict"]) == ("json_schema", "Shape", True)


@pytest.mark.parametrize(
    ("reply", "searches"),
    [
        (Found(actions=()), 0),
        (Found(actions=(SEARCHED, OPENED, SEARCHED)), 2),
        (Found(actions=(SEARCHED, SEARCHED), more={"tool_usage": {"web_search": {"num_requests": 1}}}), 1),
        (Found(actions=(OPENED,), more={"tool_usage": {"web_search": {"num_requests": 0}}}), 0),
    ],
    ids=["none", "counted", "the provider's own count", "a page that was opened"],
)
def test_only_searches_that_are_billed_count(
    server: FakeOpenAI, writer: OpenAIWriter, reply: Found, searches: int
) -> None:
    server.answer = fake.always(reply)
    usage = writer.write(MODEL, PROMPT, SECONDS).usage
    assert (usage.searches, usage.extra, usage.cost) == (searches, 1_000 * searches, 1200 + 10_000 * searches)


def test_what_the_cache_was_given_has_its_own_price(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    told = fake_responses.usage(1000, 50, cached_tokens=400, cache_write_tokens=200)
    server.answer = fake.always(Found(usage=told))
    usage = writer.write(MODEL, PROMPT, SECONDS).usage
    assert (usage.input, usage.cached, usage.written) == (1000, 400, 200)
    assert usage.cost == 400 + 40 + 250 + 200 + 10_000


def test_a_page_that_is_cited_twice_is_one_source_and_what_is_no_page_none(
    server: FakeOpenAI, writer: OpenAIWriter
) -> None:
    pages = (
        ("https://a.example/?utm_source=openai", "A"),
        ("https://a.example/", "again"),
        ("javascript:alert(1)", "x"),
    )
    server.answer = fake.always(Found(pages=pages))
    assert writer.write(MODEL, PROMPT, SECONDS).sources == (Source(url="https://a.example/", title="A"),)


FATES: dict[str, tuple[Reply, type[Fate], str]] = {
    "refusal": (Found(None, refusal="I cannot help with that."), Refused, "refused_by_model"),
    "filtered": (incomplete("content_filter"), Refused, "content_filter"),
    "truncated": (incomplete("max_output_tokens"), Refused, "truncated_answer"),
    "all thoughts": (incomplete("max_output_tokens", None), Refused, "truncated_answer"),
    "unfinished": (incomplete("steered"), Transient, "unfinished_answer"),
    "no text": (Found(None), Transient, "empty_answer"),
    "failed": (failed("server_error"), Transient, "provider_failed"),
    "failed by a limit": (failed("rate_limit_exceeded"), Limited, "limited"),
    "failed by a policy": (failed("bio_policy"), Refused, "content_filter"),
    "flagged": (failed("invalid_prompt"), Refused, "content_filter"),
    "cancelled": (Found(None, usage=None, more={"status": "cancelled"}), Transient, "provider_failed"),
    "no usage": (Found(usage=None), Transient, "unreadable_answer"),
    "no output": (Found(drop="output"), Transient, "unreadable_answer"),
    "page for an answer": (fake.page(), Transient, "unreadable_answer"),
    "floods": (fake.floods, Transient, "answer_too_large"),
    "broken json": (sends(b'{"output": ['), Transient, "unreadable_answer"),
    "hangs up": (fake.hangs_up, Transient, "provider_unreachable"),
    "limited": (refuses(429, Retry_After="7"), Limited, "limited"),
    "wrong address": (fake.page(404), Limited, "limited"),
}


@pytest.mark.parametrize("name", FATES)
def test_each_end_is_a_fate(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    reply, kind, code = FATES[name]
    server.answer = fake.always(reply)
    with pytest.raises(Fate) as ended:
        writer.write(MODEL, PROMPT, SECONDS)
    assert (type(ended.value), ended.value.reason) == (kind, code)
    assert len(server.asked) == 1, "the SDK has not tried again"


@pytest.mark.parametrize("name", ["refusal", "filtered", "truncated", "all thoughts", "unfinished", "no text"])
def test_what_was_looked_up_is_billed_whatever_became_of_it(
    server: FakeOpenAI, writer: OpenAIWriter, name: str
) -> None:
    server.answer = fake.always(FATES[name][0])
    with pytest.raises(Fate) as ended:
        writer.write(MODEL, PROMPT, SECONDS)
    assert ended.value.usage == BILLED


def test_a_search_never_uses_more_than_its_prompt_is_taken_to(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    most = PROMPT.most(MODEL)
    told = fake_responses.usage(PROMPT.most_input + MOST_SEARCHES * MODEL.search_reads, PROMPT.max_output)
    server.answer = fake.always(Found(actions=(SEARCHED,) * MOST_SEARCHES, usage=told))
    usage = writer.write(MODEL, PROMPT, SECONDS).usage
    assert (usage.tokens, usage.cost) == (most.tokens, most.cost)
