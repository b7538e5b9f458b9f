"""The gateway answers as API Gateway's HTTP APIs do."""

import asyncio
import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from jwt import PyJWKClient

from local import invoke, template, users
from local.describe import describe
from local.emulator import Emulator
from local.gateway import Gateway

TOY = Path(__file__).parent / "toy"
ORIGIN = "https://console.example"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = self.json()["event"]
        return event


@dataclass
class Browser:
    """Speaks ASGI to the gateway."""

    gateway: Gateway
    emulator_url: str
    issuer: str
    sent: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: list[tuple[str, str]] | None = None,
        host: str = "127.0.0.1:8000",
        chunk: int = 1 << 20,
    ) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in [("host", host), *(headers or [])]],
            "client": ("127.0.0.1", 5000),
        }
        return asyncio.run(self._exchange(scope, [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]))

    async def _exchange(self, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
        waiting, sent = list(chunks), []

        async def receive() -> dict[str, Any]:
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting)}

        async def send(event: dict[str, Any]) -> None:
            sent.append(event)

        await self.gateway(scope, receive, send)
        headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return Answer(sent[0]["status"], headers, sent[1]["body"])


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(TOY, folder, dirs_exist_ok=True)
    with Emulator(port=0) as emulator:
        description = describe(template.load(folder / "template.yaml", {}), "http://127.0.0.1:8000")
        pool = description.pool
        assert pool is not None
        users.ensure(pool)
        functions = invoke.load(description.functions, description.layers)
        gateway = Gateway(description, functions, lambda name: users.token(pool, name), users.USERS)
        yield Browser(gateway, emulator.url, pool.pool_id)
        gateway.close()


def test_an_event_says_what_was_asked(browser: Browser) -> None:
    headers = [("Content-Type", "application/json"), ("X-Many", "1"), ("X-Many", "2"), ("Cookie", "a=1; b=2")]
    answer = browser("POST", "/any/a%20b/c%2Fd?x=1&x=2&y=%C3%A4&z", '{"ä": 1}'.encode(), headers)
    event = answer.event()
    assert answer.status == 200
    assert (event["version"], event["routeKey"]) == ("2.0", "ANY /any/{proxy+}")
    assert event["rawPath"] == "/any/a b/c/d"
    assert event["rawQueryString"] == "x=1&x=2&y=%C3%A4&z"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "ä", "z": ""}
    assert event["pathParameters"] == {"proxy": "a b/c/d"}
    assert event["headers"]["x-many"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"ä": 1}', False)
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/any/a b/c/d", "127.0.0.1")
    assert event["requestContext"]["stage"] == "$default"
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        ("text/plain; charset=utf-8", b"text", False),
        ("application/problem+json", b"{}", False),
        ("application/octet-stream", b"text", True),
        ("multipart/form-data; boundary=x", b"--x", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/json", b"\xff\x00", True),
        ("", b"text", False),
    ],
)
def test_a_body_that_is_not_text_travels_in_base64(browser: Browser, kind: str, body: bytes, encoded: bool) -> None:
    event = browser("POST", "/any/x/y", body, [("content-type", kind)] if kind else []).event()
    assert event["isBase64Encoded"] is encoded
    assert (b64decode(event["body"]) if encoded else event["body"].encode()) == body


def test_a_request_without_body_has_none_in_its_event(browser: Browser) -> None:
    event = browser("GET", "/any/x/y").event()
    assert "body" not in event
    assert "queryStringParameters" not in event


def test_the_most_specific_route_is_taken_and_an_unknown_one_is_not_found(browser: Browser) -> None:
    assert browser("GET", "/any/fixed").event()["routeKey"] == "GET /any/fixed"
    assert browser("GET", "/any/7").event()["pathParameters"] == {"id": "7"}
    assert browser("PUT", "/any/7").event()["routeKey"] == "ANY /any/{proxy+}"
    missing = browser("GET", "/nowhere")
    assert (missing.status, missing.json()) == (404, {"message": "Not Found"})


def test_answers_are_written_as_they_were_meant(browser: Browser) -> None:
    assert browser("GET", "/any/binary").body == b"\x00\xff"
    plain = browser("GET", "/any/plain")
    assert (plain.status, plain.body, plain.header("location")) == (201, b"words", "/x")
    assert plain.header("content-type") == "text/plain;charset=UTF-8"
    assert plain.header("content-length") == "5"
    bare = browser("GET", "/any/bare")
    assert (bare.status, bare.json(), bare.header("content-type")) == (200, {"any": ["json", 1]}, "application/json")
    empty = browser("GET", "/any/cookies")
    assert (empty.status, empty.body, empty.header("etag")) == (204, b"", '"7"')
    assert [value for name, value in empty.headers if name == "set-cookie"] == ["a=1", "b=2; Path=/"]


def test_the_gateway_counts_the_bytes_itself(browser: Browser) -> None:
    answer = browser("GET", "/any/counted")
    assert (answer.body, answer.header("content-length"), answer.header("connection")) == (b"abc", "3", None)


@pytest.mark.parametrize("fault", ["crash", "wrong", "unserialisable", "huge", "split"])
def test_a_function_that_fails_is_an_internal_server_error(browser: Browser, fault: str) -> None:
    answer = browser("GET", f"/any/{fault}")
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_integration_that_takes_too_long_is_unavailable(browser: Browser) -> None:
    answer = browser("GET", "/slow")
    assert (answer.status, answer.json()) == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize(("size", "status"), [(6 * 1024 * 1024, 413), (10 * 1024 * 1024 + 1, 413), (1000, 200)])
def test_requests_have_the_limits_of_lambda_and_gateway(browser: Browser, size: int, status: int) -> None:
    assert browser("POST", "/any/x/y", b"x" * size, [("content-type", "text/plain")]).status == status


def test_a_declared_length_above_the_limit_is_refused_unread(browser: Browser) -> None:
    assert browser("POST", "/any/x/y", b"", [("content-length", str(11 * 1024 * 1024))]).status == 413


def test_an_authorizer_without_identity_source_is_always_asked(browser: Browser) -> None:
    event = browser("GET", "/guarded").event()
    context = event["requestContext"]["authorizer"]["lambda"]
    assert (context["said"], context["type"], context["source"]) == ("yes", "REQUEST", None)
    again = browser("GET", "/guarded").event()["requestContext"]["authorizer"]["lambda"]
    assert again["at"] != context["at"]


def test_who_calls_without_a_token_is_a_setting(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def sent(headers: list[tuple[str, str]]) -> str | None:
        found: str | None = browser("GET", "/any/x/y", headers=headers).event()["headers"].get("authorization")
        return found

    assert sent([]) is None
    monkeypatch.setattr(browser.gateway, "_anonymous", "demo")
    signed = sent([])
    assert signed is not None
    assert jwt.decode(signed.removeprefix("Bearer "), options={"verify_signature": False})["username"] == "demo"
    assert sent([("authorization", "Bearer mine")]) == "Bearer mine"


@pytest.mark.parametrize(
    ("said", "status", "message"),
    [("no", 403, "Forbidden"), ("crash", 500, "Internal Server Error"), ("nonsense", 500, "Internal Server Error")],
)
def test_an_authorizer_that_does_not_say_yes(browser: Browser, said: str, status: int, message: str) -> None:
    answer = browser("GET", "/guarded", headers=[("x-say", said)])
    assert (answer.status, answer.json()) == (status, {"message": message})


def test_a_missing_identity_is_unauthorized_and_a_known_one_is_not_asked_again(browser: Browser) -> None:
    missing = browser("GET", "/keyed")
    assert (missing.status, missing.json()) == (401, {"message": "Unauthorized"})
    contexts = [
        browser("GET", "/keyed", headers=[("X-Key", key)]).event()["requestContext"]["authorizer"]["lambda"]
        for key in ("one", "one", "two")
    ]
    assert contexts[0] == contexts[1]
    assert [context["said"] for context in contexts] == ["one", "one", "two"]
    assert browser("GET", "/keyed", headers=[("X-Key", "no")]).status == 403


def test_the_gateway_answers_preflights_itself(browser: Browser) -> None:
    asked = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")]
    answer = browser("OPTIONS", "/guarded", headers=[*asked, ("x-say", "no")])
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("access-control-allow-methods") == "GET,POST"
    assert answer.header("access-control-allow-headers") == "authorization,content-type"
    assert answer.header("access-control-max-age") == "600"


def test_a_foreign_origin_gets_no_cors_headers(browser: Browser) -> None:
    asked = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")]
    preflight = browser("OPTIONS", "/guarded", headers=asked)
    answer = browser("GET", "/any/plain", headers=[("Origin", "https://evil.example")])
    assert not [name for name, _ in preflight.headers + answer.headers if name.startswith("access-control-")]


def test_replies_to_an_allowed_origin_expose_what_the_template_says(browser: Browser) -> None:
    answer = browser("GET", "/any/plain", headers=[("Origin", ORIGIN)])
    assert answer.header("access-control-allow-origin") == ORIGIN
    assert answer.header("access-control-expose-headers") == "Location,ETag"
    assert browser("GET", "/nowhere", headers=[("Origin", ORIGIN)]).header("access-control-allow-origin") == ORIGIN


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000", "[::1]"])
def test_loopback_names_are_answered(browser: Browser, host: str) -> None:
    assert browser("GET", "/any/plain", host=host).status == 201


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", ""])
@pytest.mark.parametrize("target", ["/any/plain", "/local/token?user=demo"])
def test_any_other_name_is_refused(browser: Browser, host: str, target: str) -> None:
    answer = browser("GET", target, host=host)
    assert (answer.status, answer.json()["code"]) == (403, "host_not_allowed")


def test_local_users_sign_in_with_tokens_that_verify_against_the_emulators_keys(browser: Browser) -> None:
    keys = PyJWKClient(f"{browser.emulator_url}/{browser.issuer}/.well-known/jwks.json")
    claims = {}
    for user in users.USERS:
        answer = browser("GET", f"/local/token?user={user}", headers=[("Origin", ORIGIN)])
        assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
        token = answer.json()["token"]
        claims[user] = jwt.decode(token, keys.get_signing_key_from_jwt(token).key, algorithms=["RS256"])
    assert {claim["token_use"] for claim in claims.values()} == {"access"}
    assert {user: claim["username"] for user, claim in claims.items()} == {user: user for user in users.USERS}
    assert claims["admin"]["cognito:groups"] == ["admins"]
    assert len({claim["sub"] for claim in claims.values()}) == 3


@pytest.mark.parametrize("query", ["?user=nobody", "", "?user="])
def test_an_unknown_user_is_a_problem_naming_the_known_ones(browser: Browser, query: str) -> None:
    answer = browser("GET", f"/local/token{query}")
    assert (answer.status, answer.header("content-type")) == (404, "application/problem+json")
    assert "demo, other, admin" in answer.json()["detail"]


def test_without_a_user_pool_nobody_signs_in(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.gateway, "_users", ())
    monkeypatch.setattr(browser.gateway, "_token", lambda _name: None)
    assert "makes no user pool" in browser("GET", "/local/token?user=demo").json()["detail"]


def test_a_token_is_only_read(browser: Browser) -> None:
    assert browser("POST", "/local/token?user=demo").status == 405
