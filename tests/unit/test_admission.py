"""What a request must pass before it is routed."""

import base64
import json
from typing import Any

import pytest

from penstock.domain.errors import Invalid, Malformed, TooLarge, Unauthenticated
from penstock.routes.admission import MOST_BODY_BYTES, identity, parse, readable
from penstock.routes.problems import Unavailable, UnsupportedMediaType


def event(body: str | None = None, kind: str | None = "application/json", **more: Any) -> dict[str, Any]:
    headers = {"content-type": kind} if kind is not None else {}
    return {"body": body, "headers": headers, "isBase64Encoded": False, **more}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1, column 2"),
        ('{"a": 1,}', "not JSON"),
        ("", "not JSON"),
        ("\ufeff{}", "not JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' twice"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"a": ' + '{"b":' * 100_000 + "1" + "}" * 100_000 + "}", "nested too deeply"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\uDFFF": 1}', "surrogate"),
        ('{"a": 1' + "0" * 5_000 + "}", "too long"),
    ],
)
def test_what_is_not_plain_json_is_malformed(text: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert words in caught.value.message


@pytest.mark.parametrize("text", ["[]", "1", "null", '"text"', "true", '[{"keywords": ["a"]}]'])
def test_only_an_object_is_a_request(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.errors[0].field == "body"


def test_whole_characters_pass_however_they_are_written() -> None:
    assert parse('{"a": "\\ud83d\\ude00 từ \\u0111"}') == {"a": "😀 từ đ"}


def test_a_body_in_base64_is_read() -> None:
    text = json.dumps({"a": "đ"})
    sent = event(base64.b64encode(text.encode()).decode(), isBase64Encoded=True)
    assert readable(sent)["body"] == text
    assert readable(sent)["isBase64Encoded"] is False


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"a": "\xc3"}'])
def test_what_is_not_utf8_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        readable(event(base64.b64encode(body).decode(), isBase64Encoded=True))


def test_broken_base64_is_malformed() -> None:
    with pytest.raises(Malformed):
        readable(event("abc", isBase64Encoded=True))


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_is_taken(kind: str) -> None:
    assert readable(event("{}", kind))["body"] == "{}"


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_other_bodies_are_not(kind: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        readable(event("{}", kind))


@pytest.mark.parametrize("body", [None, ""])
def test_no_body_needs_no_type(body: str | None) -> None:
    assert readable(event(body, "text/plain"))["body"] is None


def test_ten_thousand_long_keywords_pass_and_more_than_the_limit_does_not() -> None:
    most = json.dumps({"keywords": ["ư" * 199 + str(number % 10) for number in range(7_000)]}, ensure_ascii=False)
    assert len(most.encode()) < MOST_BODY_BYTES
    assert readable(event(most))["body"] == most
    with pytest.raises(TooLarge):
        readable(event("x" * (MOST_BODY_BYTES + 1)))


def test_the_limit_is_in_bytes_of_what_was_sent() -> None:
    fits = base64.b64encode(b"x" * MOST_BODY_BYTES).decode()
    assert len(readable(event(fits, isBase64Encoded=True))["body"]) == MOST_BODY_BYTES
    with pytest.raises(TooLarge):
        readable(event(base64.b64encode(b"x" * (MOST_BODY_BYTES + 1)).decode(), isBase64Encoded=True))


def called(**context: Any) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"lambda": context}}}


def test_the_authorizer_says_who_calls() -> None:
    who = identity(called(sub="user-a", username="ann", groups=["admins"]))
    assert (who.user, who.username, who.is_admin) == ("user-a", "ann", True)
    assert not identity(called(sub="user-a")).is_admin


@pytest.mark.parametrize(
    "context",
    [{"requestContext": {}}, {"requestContext": {"authorizer": None}}, called(), called(sub=""), called(sub=None)],
)
def test_without_a_subject_nobody_is_let_in(context: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as caught:
        identity(context)
    assert caught.value.reason == "token_missing"


def test_the_reason_is_told_in_words() -> None:
    with pytest.raises(Unauthenticated, match="expired") as caught:
        identity(called(problem="token_expired"))
    assert caught.value.reason == "token_expired"
    with pytest.raises(Unavailable):
        identity(called(problem="keys_unavailable"))
