"""What comes back, read: text, sources, usage, pictures and speech, and the ends that are none."""

import io
import json
import wave
from collections.abc import Sequence
from typing import Any

import pytest

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.prompts import Source
from penstock.domain.quota import Usage
from penstock.providers.gemini import answers, media
from tests import fake_gemini as fake
from tests.fake_gemini import MODEL, PAINTER, PNG, SAMPLES, SPEAKER, Told, file, found, usage

JPEG, MP3 = b"\xff\xd8\xff\xe0" + bytes(64), b"ID3\x04" + bytes(64)
WEBP, WAV = b"RIFF\x40\x00\x00\x00WEBP" + bytes(64), b"RIFF\x40\x00\x00\x00WAVE" + bytes(64)


def body(told: Told) -> str:
    return told.body.decode()


def fate_of(told: Told) -> Fate:
    with pytest.raises(Fate) as ended:
        answers.text(body(told), MODEL)
    return ended.value


# ── text and usage ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_thoughts_and_empty_parts_are_no_text() -> None:
    parts: Sequence[dict[str, Any]] = [
        {"text": "Let me think.", "thought": True},
        {"text": "One, ", "thoughtSignature": "Zm9v"},
        {"thoughtSignature": "Zm9v"},
        {"text": None},
        {"text": "two.\n"},
    ]
    assert answers.text(body(Told(parts=parts)), MODEL).text == "One, two."


@pytest.mark.parametrize(
    ("told", "input", "cached", "output"),
    [
        (usage(100, 50), 100, 0, 50),
        (usage(100, 50, cachedContentTokenCount=60), 100, 60, 50),
        (usage(100, 50, cachedContentTokenCount=900), 100, 100, 50),
        (usage(100, 50, thoughtsTokenCount=30), 100, 0, 80),
        (usage(100, 50, toolUsePromptTokenCount=700), 800, 0, 50),
        ({"promptTokenCount": 100, "thoughtsTokenCount": 30, "totalTokenCount": 130}, 100, 0, 30),
        ({"promptTokenCount": 100, "candidatesTokenCount": 50, "totalTokenCount": 190}, 100, 0, 90),
        ({"promptTokenCount": 100, "candidatesTokenCount": 50}, 100, 0, 50),
    ],
    ids=["plain", "cached", "too many", "thoughts", "read by a tool", "thoughts alone", "more in total", "no total"],
)
def test_usage_is_what_google_bills(told: dict[str, int], input: int, cached: int, output: int) -> None:
    cost = (input - cached) * 1 + -(-cached // 10) + output * 4
    expected = Usage(input=input, cached=cached, output=output, calls=1, cost=cost)
    assert answers.text(body(Told(usage=told)), MODEL).usage == expected


# ── searches ────────────────────────────────────────────────────────────────────────────────────────────────────────

TWO = (("https://a.example/1", "a.example"), ("https://b.example/2", "b.example"))


@pytest.mark.parametrize(
    ("candidate", "searches"),
    [
        ({}, 0),
        ({"groundingMetadata": {}}, 0),
        (found(queries=["pips", "pips in forex"]), 2),
        (found(queries=["pips", "pips", " ", ""]), 1),
        (found(*TWO), 1),
        (found(*TWO, queries=["pips"]), 1),
    ],
    ids=["none", "asked for, not needed", "two", "the same, and empty ones", "sources alone", "both"],
)
def test_each_different_query_is_a_search(candidate: dict[str, Any], searches: int) -> None:
    used = answers.text(body(Told(candidate=candidate)), MODEL).usage
    expected = Usage(input=100, output=50, calls=1, searches=searches, extra=1_400 * searches)
    assert used == expected.model_copy(update={"cost": 300 + 14_000 * searches})


def test_each_page_is_a_source_once_and_only_pages_are() -> None:
    pages = (*TWO, ("https://a.example/1", "again"), ("javascript:alert(1)", "no page"), ("https://c.example", ""))
    chunks = found(*pages)["groundingMetadata"]["groundingChunks"]
    more = [{"retrievedContext": {"uri": "https://d.example"}}, {"web": {"title": "no address"}}, {}]
    told = Told(candidate={"groundingMetadata": {"groundingChunks": chunks + more}})
    assert answers.text(body(told), MODEL).sources == (
        Source(url="https://a.example/1", title="a.example"),
        Source(url="https://b.example/2", title="b.example"),
        Source(url="https://c.example"),
    )


# ── ends that are no answer ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", sorted(answers.FILTERED))
def test_a_filter_refuses_for_good_and_is_billed(reason: str) -> None:
    """With half a text, and with none."""
    for told in (Told("Half an", finish=reason), Told(None, finish=reason)):
        fate = fate_of(told)
        assert (type(fate), fate.reason, reason in fate.message) == (Refused, "content_filter", True)
        assert fate.usage == Usage(input=100, output=50, calls=1, cost=300)


@pytest.mark.parametrize("reason", ["SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "OTHER", "IMAGE_SAFETY", "NEW_REASON"])
def test_a_blocked_prompt_is_refused_whatever_the_reason(reason: str) -> None:
    fate = fate_of(fake.blocks(reason))
    assert (type(fate), fate.reason) == (Refused, "content_filter")
    assert fate.usage == Usage(input=100, calls=1, cost=100)


def test_a_blocked_prompt_without_usage_is_refused_all_the_same() -> None:
    told = json.dumps({"promptFeedback": {"blockReason": "SAFETY"}})
    with pytest.raises(Refused) as refused:
        answers.text(told, MODEL)
    assert refused.value.usage == Usage(calls=1)


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "CONTINUATION"])
def test_what_was_cut_off_is_refused_and_says_where(reason: str) -> None:
    told = {"promptTokenCount": 100, "thoughtsTokenCount": 1_300, "totalTokenCount": 1_400}
    fate = fate_of(Told(None, finish=reason, usage=told))
    assert (type(fate), fate.reason) == (Refused, "truncated_answer")
    assert "1,300 tokens" in fate.message
    assert fate.usage.output == 1_300


BROKEN_OFF = ("FINISH_REASON_UNSPECIFIED", "OTHER", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "NO_IMAGE")


@pytest.mark.parametrize("reason", [None, *BROKEN_OFF, "IMAGE_OTHER", "TOO_MANY_TOOL_CALLS", "SOMETHING_NEW"])
def test_what_broke_off_is_tried_again_and_billed(reason: str | None) -> None:
    fate = fate_of(Told("Half an", finish=reason))
    assert (type(fate), fate.reason, fate.usage.output) == (Transient, "unfinished_answer", 50)


def test_an_account_that_is_disabled_is_the_operators() -> None:
    fate = fate_of(Told(None, finish="PUP_LIMITED_DISABLED"))
    assert isinstance(fate, Limited)
    assert fate.operator


WITHOUT_TEXT = {
    "no parts": Told(None),
    "blank": Told(" \n"),
    "null": Told(parts=[{"text": None}]),
    "a thought": Told(parts=[{"text": "Hm.", "thought": True}]),
    "a picture": Told(parts=[file(PNG, "image/png")]),
    "no content": Told(candidate={"content": {"role": "model"}}),
    "no candidate": Told(more={"candidates": []}),
    "no candidates": Told(drop="candidates"),
}


@pytest.mark.parametrize("told", WITHOUT_TEXT.values(), ids=WITHOUT_TEXT)
def test_an_answer_without_text_is_tried_again_and_billed(told: Told) -> None:
    fate = fate_of(told)
    assert (type(fate), fate.reason, fate.usage.cost) == (Transient, "empty_answer", 300)


NO_ANSWERS = {
    "nothing": "",
    "a list": "[]",
    "an empty object": "{}",
    "null": "null",
    "a page": "<html>",
    "half": '{"candidates": [{"conte',
    "another shape": '{"candidates": {}}',
    "deep": "[" * 5_000,
    "half a character": '{"usageMetadata": "\\ud800"}',
    "no usage": body(Told(drop="usageMetadata")),
    "empty usage": body(Told(usage={})),
    "less than nothing": body(Told(usage={"promptTokenCount": -1})),
    "a broken file": body(Told(parts=[{"inlineData": {"mimeType": "image/png", "data": "!"}}])),
}


@pytest.mark.parametrize("told", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_tried_again(told: str) -> None:
    with pytest.raises(Transient) as ended:
        answers.text(told, MODEL)
    assert ended.value.reason == "unreadable_answer"


# ── pictures and speech ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("data", "media_type"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")])
def test_a_picture_is_of_the_type_that_it_is(data: bytes, media_type: str) -> None:
    """Whatever is said of it; drafts, and pictures that were only thought of, are left out."""
    draft = file(b"\x89PNG\r\n\x1a\ndraft", "image/png")
    parts = [draft, {"text": "Better:"}, file(data, "image/png"), {**draft, "thought": True}]
    told = Told(parts=parts, usage=usage(20, 1120))
    made = media.picture(body(told), PAINTER)
    assert (made.data, made.media_type, made.written_by) == (data, media_type, "gemini")
    assert made.usage == Usage(images=1, calls=1, extra=3_400, cost=20 + 4 * 1120)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (Told("I would rather not."), "empty_answer"),
        (Told(parts=[file(b"", "image/png")]), "empty_answer"),
        (Told(parts=[file(b"<html>", "image/png")]), "unreadable_answer"),
        (Told(parts=[file(WAV, "audio/wav")]), "unreadable_answer"),
        (Told(parts=[file(PNG, "image/png")], finish="NO_IMAGE"), "unfinished_answer"),
    ],
)
def test_no_picture_is_tried_again_and_its_tokens_are_billed(told: Told, code: str) -> None:
    with pytest.raises(Transient) as ended:
        media.picture(body(told), PAINTER)
    assert (ended.value.reason, ended.value.usage.cost) == (code, 300)


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("audio/L16;codec=pcm;rate=24000", 24_000),
        ("audio/l16; rate=24000; channels=1", 24_000),
        ("audio/L16;rate=16000", 16_000),
        ("audio/pcm", 24_000),
    ],
)
def test_samples_become_a_wav_that_plays(said: str, rate: int) -> None:
    half = len(SAMPLES) // 2
    told = Told(parts=[file(SAMPLES[:half], said), file(SAMPLES[half:], said)], usage=usage(30, 600))
    made = media.speech(body(told), SPEAKER, 1_500)
    assert (made.media_type, made.written_by) == ("audio/wav", "gemini")
    assert made.usage == Usage(characters=1_500, calls=1, extra=1_500, cost=30 + 4 * 600)
    with wave.open(io.BytesIO(made.data)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, rate)
        assert sound.readframes(sound.getnframes()) == SAMPLES


@pytest.mark.parametrize(("data", "media_type"), [(WAV, "audio/wav"), (MP3, "audio/mpeg")])
def test_a_sound_that_is_a_file_already_stays_as_it_is(data: bytes, media_type: str) -> None:
    made = media.speech(body(Told(parts=[file(data, media_type)])), SPEAKER, 10)
    assert (made.data, made.media_type) == (data, media_type)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (Told("Good morning."), "empty_answer"),
        (Told(parts=[file(PNG, "audio/wav")]), "unreadable_answer"),
        (Told(parts=[file(SAMPLES, "audio/L16")], finish="OTHER"), "unfinished_answer"),
    ],
)
def test_no_speech_is_tried_again_and_its_tokens_are_billed(told: Told, code: str) -> None:
    with pytest.raises(Transient) as ended:
        media.speech(body(told), SPEAKER, 10)
    assert (ended.value.reason, ended.value.usage.cost) == (code, 300)
