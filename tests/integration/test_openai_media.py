"""Pictures and speech by OpenAI: the real SDK over HTTP to a server that speaks, and mistreats, the wire format."""

import time
from collections.abc import Iterator

import pytest

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import MediaPrompt
from penstock.domain.quota import Usage
from penstock.providers.offline import media
from penstock.providers.openai import OpenAIWriter
from penstock.providers.transport import bounds
from tests import fake_openai as fake
from tests.fake_media import IMAGE, JPEG, MP3, PAINTER, PNG, SPEAKER, SPEECH, Drawn, made, spoken
from tests.fake_openai import FakeOpenAI, Reply, refuses, sends

SECONDS = 10.0
SHORT = 0.5
DRAWN = Usage(images=1, extra=4_000, calls=1, cost=100 + 60_000)
SPOKEN = Usage(characters=17, extra=26, calls=1, cost=255)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake.serving() as server:
        server.answer = made
        yield server


@pytest.fixture
def writer(server: FakeOpenAI) -> Iterator[OpenAIWriter]:
    writer = OpenAIWriter("sk-secret", server.url, vendor=True)
    yield writer
    writer.close()


@pytest.fixture
def own(server: FakeOpenAI) -> Iterator[OpenAIWriter]:
    """Of a server of one's own."""
    writer = OpenAIWriter("", server.url)
    yield writer
    writer.close()


# ── what works ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_comes_back_with_what_it_cost(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    found = writer.make(PAINTER, IMAGE, SECONDS)
    assert (found.data, found.media_type, found.usage, found.written_by) == (JPEG, "image/jpeg", DRAWN, "openai")
    asked = server.asked[0]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/images/generations", "Bearer sk-secret")
    look = {"quality": "medium", "output_format": "jpeg", "output_compression": 90}
    assert asked.body == {"model": "image-fake", "prompt": IMAGE.description, "size": "1536x1024", **look}


@pytest.mark.parametrize(
    ("shape", "size"), [("landscape", "1536x1024"), ("square", "1024x1024"), ("portrait", "1024x1536")]
)
def test_each_shape_has_its_size(server: FakeOpenAI, writer: OpenAIWriter, shape: str, size: str) -> None:
    writer.make(PAINTER, IMAGE.model_copy(update={"shape": shape}), SECONDS)
    assert server.asked[0].body["size"] == size


def test_another_server_is_asked_for_the_picture_itself(server: FakeOpenAI, own: OpenAIWriter) -> None:
    server.answer = fake.always(Drawn(PNG, usage=None))
    free = PAINTER.model_copy(update={"input_price": 0, "output_price": 0})
    found = own.make(free, IMAGE, SECONDS)
    assert (found.data, found.media_type, found.usage.cost) == (PNG, "image/png", 0)
    assert server.asked[0].body == {
        "model": "image-fake",
        "prompt": IMAGE.description,
        "size": "1536x1024",
        "response_format": "b64_json",
    }


def test_who_does_not_count_tokens_is_taken_to_have_used_as_many_as_it_could(
    server: FakeOpenAI, writer: OpenAIWriter
) -> None:
    server.answer = fake.always(Drawn(usage=None))
    usage = writer.make(PAINTER, IMAGE, SECONDS).usage
    assert usage == IMAGE.most(PAINTER).model_copy(update={"calls": 1})
    assert usage.cost > DRAWN.cost


def test_a_picture_of_many_megabytes_arrives_whole(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    large = PNG + bytes(9 * 1024 * 1024)
    assert len(large) > bounds.LARGEST_ANSWER
    server.answer = fake.always(Drawn(large))
    assert writer.make(PAINTER, IMAGE, SECONDS).data == large


def test_a_large_picture_makes_no_room_for_a_large_text(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    server.answer = fake.always(Drawn(PNG + bytes(6 * 1024 * 1024)))
    writer.make(PAINTER, IMAGE, SECONDS)
    server.answer = fake.always(sends(b" " * (bounds.LARGEST_ANSWER + 1)))
    with pytest.raises(Transient) as ended:
        writer.write(fake.MODEL, fake.PROMPT, SECONDS)
    assert ended.value.reason == "answer_too_large"


def test_a_text_is_spoken_and_its_characters_are_billed(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    found = writer.make(SPEAKER, SPEECH, SECONDS)
    assert (found.data, found.media_type, found.usage, found.written_by) == (MP3, "audio/mpeg", SPOKEN, "openai")
    asked = server.asked[0]
    assert asked.path == "/v1/audio/speech"
    assert asked.body == {"model": "speech-fake", "input": SPEECH.text, "voice": "alloy", "response_format": "mp3"}


def test_a_voice_that_is_named_speaks(server: FakeOpenAI, writer: OpenAIWriter) -> None:
    writer.make(SPEAKER, SPEECH.model_copy(update={"voice": "coral"}), SECONDS)
    assert server.asked[0].body["voice"] == "coral"


def test_what_came_says_what_it_is_and_not_its_header(server: FakeOpenAI, own: OpenAIWriter) -> None:
    server.answer = fake.always(spoken(media.hum("a", 20), "audio/mpeg"))
    assert own.make(SPEAKER, SPEECH, SECONDS).media_type == "audio/wav"


# ── what does not ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_text_that_is_too_long_to_speak_is_refused_before_it_is_sent(
    server: FakeOpenAI, writer: OpenAIWriter
) -> None:
    writer.make(SPEAKER, SPEECH.model_copy(update={"text": "a" * 4096}), SECONDS)
    with pytest.raises(Refused, match=r"4,097 characters, 4,096 can be spoken: shorten it") as ended:
        writer.make(SPEAKER, SPEECH.model_copy(update={"text": "a" * 4097}), SECONDS)
    assert (ended.value.reason, len(server.asked)) == ("prompt_too_long", 1)


def test_another_server_says_itself_what_is_too_long_to_speak(server: FakeOpenAI, own: OpenAIWriter) -> None:
    assert own.make(SPEAKER, SPEECH.model_copy(update={"text": "a" * 9000}), SECONDS).usage.characters == 9000


@pytest.mark.parametrize(("model", "prompt"), [(SPEAKER, IMAGE), (PAINTER, SPEECH), (fake.MODEL, IMAGE)])
def test_a_model_that_makes_something_else_is_not_asked(
    server: FakeOpenAI, writer: OpenAIWriter, model: Model, prompt: MediaPrompt
) -> None:
    with pytest.raises(Refused, match="choose another model") as ended:
        writer.make(model, prompt, SECONDS)
    assert (ended.value.reason, server.asked) == ("model_unavailable", [])


PICTURES: dict[str, tuple[Reply, type[Fate], str]] = {
    "an address": (Drawn(fields={"url": "https://files.example/1.png"}), Refused, "unreadable_answer"),
    "neither": (Drawn(fields={}), Transient, "empty_answer"),
    "no base64": (Drawn(fields={"b64_json": "<html>"}), Transient, "unreadable_answer"),
    "no picture": (Drawn(b"<!doctype html><title>502</title>"), Transient, "unreadable_answer"),
    "a sound": (Drawn(MP3), Transient, "unreadable_answer"),
    "no data": (sends(b'{"created": 1, "data": []}'), Transient, "unreadable_answer"),
    "a page": (fake.page(), Transient, "unreadable_answer"),
    "broken json": (sends(b'{"data": [{"b64_json": "iVBO'), Transient, "unreadable_answer"),
    "blocked": (refuses(400, code="moderation_blocked", kind="image_generation_user_error"), Refused, "content_filter"),
    "policy": (refuses(400, code="content_policy_violation"), Refused, "content_filter"),
    "no such size": (refuses(400, "Invalid size.", code="invalid_value"), Refused, "bad_request"),
    "unknown model": (refuses(404, code="model_not_found"), Refused, "model_unavailable"),
    "no such route": (fake.page(404), Limited, "limited"),
    "limited": (refuses(429, code="rate_limit_exceeded", Retry_After="7"), Limited, "limited"),
    "fails": (refuses(500), Transient, "provider_failed"),
    "floods": (fake.floods, Transient, "answer_too_large"),
    "hangs up": (fake.hangs_up, Transient, "provider_unreachable"),
    "breaks off": (fake.breaks_off, Transient, "provider_unreachable"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_end_of_a_picture_is_a_fate(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    reply, kind, code = PICTURES[name]
    server.answer = fake.always(reply)
    with pytest.raises(Fate) as ended:
        writer.make(PAINTER, IMAGE, SECONDS)
    assert (type(ended.value), ended.value.reason) == (kind, code)
    assert len(server.asked) == 1, "the SDK has not tried again"


@pytest.mark.parametrize("name", ["an address", "neither", "no base64", "no picture", "a sound"])
def test_a_picture_that_cannot_be_used_is_billed(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    server.answer = fake.always(PICTURES[name][0])
    with pytest.raises(Fate) as ended:
        writer.make(PAINTER, IMAGE, SECONDS)
    assert ended.value.usage == DRAWN


def test_an_address_in_place_of_a_picture_is_not_followed(server: FakeOpenAI, own: OpenAIWriter) -> None:
    server.answer = fake.always(Drawn(fields={"url": f"{server.url}/files/1.png"}))
    with pytest.raises(Refused, match="response_format b64_json"):
        own.make(PAINTER, IMAGE, SECONDS)
    assert len(server.asked) == 1


TOO_MANY_TOKENS = "Input of 2132 tokens is over the maximum input limit of 2000 tokens. Please shorten your input."
SPEECHES: dict[str, tuple[Reply, type[Fate], str]] = {
    "nothing": (sends(b"", content_type="audio/mpeg"), Transient, "empty_answer"),
    "a page": (fake.page(), Transient, "unreadable_answer"),
    "json": (sends(b'{"audio": "//uQ"}'), Transient, "unreadable_answer"),
    "a picture": (spoken(PNG), Transient, "unreadable_answer"),
    "too many tokens": (refuses(400, TOO_MANY_TOKENS, code="invalid_value"), Refused, "prompt_too_long"),
    "too many characters": (refuses(400, code="string_above_max_length"), Refused, "prompt_too_long"),
    "no such voice": (refuses(400, "Invalid voice."), Refused, "bad_request"),
    "no such route": (fake.page(404), Limited, "limited"),
    "fails": (refuses(503), Transient, "provider_failed"),
    "floods": (fake.floods, Transient, "answer_too_large"),
    "breaks off": (fake.breaks_off, Transient, "provider_unreachable"),
}


@pytest.mark.parametrize("name", SPEECHES)
def test_each_end_of_a_speech_is_a_fate(server: FakeOpenAI, writer: OpenAIWriter, name: str) -> None:
    reply, kind, code = SPEECHES[name]
    server.answer = fake.always(reply)
    with pytest.raises(Fate) as ended:
        writer.make(SPEAKER, SPEECH, SECONDS)
    assert (type(ended.value), ended.value.reason) == (kind, code)
    assert len(server.asked) == 1, "the SDK has not tried again"


def test_a_route_that_is_missing_is_named(server: FakeOpenAI, own: OpenAIWriter) -> None:
    server.answer = fake.always(fake.page(404))
    with pytest.raises(Limited, match="nothing answers pictures at its address, check OPENAI_BASE_URL"):
        own.make(PAINTER, IMAGE, SECONDS)
    with pytest.raises(Limited, match="nothing answers speech"):
        own.make(SPEAKER, SPEECH, SECONDS)


@pytest.mark.parametrize("reply", [fake.hangs, fake.drips, fake.drips_headers], ids=["hangs", "drips", "headers"])
@pytest.mark.parametrize(("model", "prompt"), [(PAINTER, IMAGE), (SPEAKER, SPEECH)], ids=["picture", "speech"])
def test_no_server_outlasts_the_seconds_of_a_call(
    server: FakeOpenAI, writer: OpenAIWriter, reply: Reply, model: Model, prompt: MediaPrompt
) -> None:
    server.answer, began = fake.always(reply), time.monotonic()
    with pytest.raises(Transient) as ended:
        writer.make(model, prompt, SHORT)
    assert ended.value.reason == "provider_timeout"
    assert time.monotonic() - began < fake.PATIENCE / 2
