"""Tokens as attackers and honest clients send them, against real RSA keys and a real key server."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import RSAAlgorithm

from penstock.routes import tokens
from penstock.routes.admission import REASONS
from penstock.routes.tokens import Verifier
from tests.issuer import KeyServer, private_key

POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
ELSEWHERE = "https://id.example.com"
CLIENT = "client-1"


@pytest.fixture
def server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.stop()


@pytest.fixture
def verifier(server: KeyServer) -> Verifier:
    return Verifier(POOL, CLIENT, server.url)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {
        "iss": POOL,
        "sub": "user-a",
        "username": "ann",
        "client_id": CLIENT,
        "token_use": "access",
        "cognito:groups": ["admins"],
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (known | changed).items() if value is not None}


def token(key: str = "first", kid: str | None = "first", header: dict[str, Any] | None = None, **changed: Any) -> str:
    named = {"kid": kid} if kid else {}
    return jwt.encode(claims(**changed), private_key(key), algorithm="RS256", headers=named | (header or {}))


def hand_made(header: dict[str, Any], signature: bytes = b"") -> str:
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    return ".".join((part(json.dumps(header).encode()), part(json.dumps(claims()).encode()), part(signature)))


def signed_with_the_public_key_as_a_secret() -> str:
    """The classic confusion of algorithms. PyJWT refuses to make such a token, so it is made by hand."""
    import hashlib
    import hmac

    public = private_key("first").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = hand_made({"alg": "HS256", "typ": "JWT", "kid": "first"}).rpartition(".")[0]
    signature = hmac.new(pem, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def problem(verifier: Verifier, authorization: str | None) -> str:
    context = verifier.identify(authorization)
    assert set(context) == {"problem"}, context
    assert context["problem"] in {*REASONS, "keys_unavailable"}
    return str(context["problem"])


def test_an_access_token_says_who_calls(verifier: Verifier) -> None:
    expected = {"sub": "user-a", "username": "ann", "groups": ["admins"]}
    assert verifier.identify(f"Bearer {token()}") == expected
    assert verifier.identify(f"bearer   {token()} ") == expected


NO_GROUPS: Any = {"cognito:groups": None, "username": None}


def test_a_user_without_groups_is_in_none(verifier: Verifier) -> None:
    context = verifier.identify(f"Bearer {token(**NO_GROUPS)}")
    assert context == {"sub": "user-a", "username": "", "groups": []}


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Bearer", "token_malformed"),
        ("Bearer ", "token_malformed"),
        ("Basic YW5uOnNlY3JldA==", "token_malformed"),
        ("Bearer not-a-token", "token_malformed"),
        ("Bearer a.b.c", "token_malformed"),
        ("Bearer " + "x" * 100_000, "token_malformed"),
        ("Bearer ünïcödé.ünïcödé.ünïcödé", "token_malformed"),
    ],
)
def test_what_is_no_token_is_told_apart(verifier: Verifier, authorization: str | None, code: str) -> None:
    assert problem(verifier, authorization) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": 1_600_000_000}, "token_expired"),
        ({"nbf": 4_000_000_000}, "token_not_yet_valid"),
        ({"iat": 4_000_000_000}, "token_not_yet_valid"),
        ({"iss": ELSEWHERE}, "token_of_other_issuer"),
        ({"iss": None}, "token_of_other_issuer"),
        ({"client_id": "client-2"}, "token_of_other_client"),
        ({"client_id": None, "aud": CLIENT}, "token_of_other_client"),
        ({"token_use": "id", "aud": CLIENT, "client_id": None}, "token_not_access"),
        ({"token_use": None}, "token_not_access"),
        ({"sub": None}, "token_incomplete"),
        ({"sub": ""}, "token_incomplete"),
        ({"sub": "  "}, "token_incomplete"),
        ({"sub": 7}, "token_incomplete"),
        ({"sub": "x" * 257}, "token_incomplete"),
        ({"exp": None}, "token_incomplete"),
        ({"iat": None}, "token_incomplete"),
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(verifier: Verifier, changed: dict[str, Any], code: str) -> None:
    assert problem(verifier, f"Bearer {token(**changed)}") == code


def test_a_token_just_expired_is_still_taken(verifier: Verifier) -> None:
    assert verifier.identify(f"Bearer {token(exp=int(time.time()) - 3)}")["sub"] == "user-a"


def test_a_token_signed_with_another_key_is_forged(verifier: Verifier) -> None:
    assert problem(verifier, f"Bearer {token(key='attacker')}") == "token_forged"


def test_a_changed_token_is_forged(verifier: Verifier) -> None:
    head, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="user-b")).encode()).rstrip(b"=").decode()
    assert problem(verifier, f"Bearer {head}.{body}.{signature}") == "token_forged"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "RS384", "ES256"])
def test_no_other_algorithm_is_taken(verifier: Verifier, algorithm: str) -> None:
    assert problem(verifier, f"Bearer {hand_made({'alg': algorithm, 'kid': 'first'})}").startswith("token_")
    assert "sub" not in verifier.identify(f"Bearer {hand_made({'alg': algorithm, 'kid': 'first'}, b'x' * 256)}")


def test_the_public_key_is_no_secret(verifier: Verifier) -> None:
    assert problem(verifier, f"Bearer {signed_with_the_public_key_as_a_secret()}") == "token_algorithm"


def test_a_key_named_in_the_token_is_not_believed(verifier: Verifier, server: KeyServer) -> None:
    jwk = RSAAlgorithm.to_jwk(private_key("attacker").public_key(), as_dict=True)
    header = {"jwk": jwk, "jku": server.url.replace("jwks", "other"), "x5u": "https://attacker.example"}
    assert problem(verifier, f"Bearer {token(key='attacker', header=header)}") == "token_forged"


@pytest.mark.parametrize("kid", [None, "unheard-of", "../../etc/passwd"])
def test_an_unknown_key_is_refused(verifier: Verifier, kid: str | None) -> None:
    assert problem(verifier, f"Bearer {token(kid=kid)}") == "token_key_unknown"


def test_a_rotated_key_is_found(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "KEYS_COOLDOWN_SECONDS", 0)
    verifier = Verifier(POOL, CLIENT, server.url)
    assert verifier.identify(f"Bearer {token()}")["sub"] == "user-a"
    server.published = ["second"]
    assert verifier.identify(f"Bearer {token(key='second', kid='second')}")["sub"] == "user-a"
    assert problem(verifier, f"Bearer {token()}") == "token_key_unknown"


def test_unknown_keys_do_not_make_us_ask_again_and_again(verifier: Verifier, server: KeyServer) -> None:
    assert verifier.identify(f"Bearer {token()}")["sub"] == "user-a"
    for number in range(50):
        assert problem(verifier, f"Bearer {token(kid=f'made-up-{number}')}") == "token_key_unknown"
    assert server.asked == 1


def test_tokens_of_other_issuers_make_us_ask_for_no_key(verifier: Verifier, server: KeyServer) -> None:
    assert problem(verifier, f"Bearer {token(iss=ELSEWHERE)}") == "token_of_other_issuer"
    assert server.asked == 0


def test_keys_are_fetched_once(verifier: Verifier, server: KeyServer) -> None:
    for _ in range(10):
        assert verifier.identify(f"Bearer {token()}")["sub"] == "user-a"
    assert server.asked == 1


def test_an_issuer_that_does_not_answer_is_no_fault_of_the_caller(verifier: Verifier, server: KeyServer) -> None:
    server.broken = True
    assert problem(verifier, f"Bearer {token()}") == "keys_unavailable"
    server.broken = False
    assert verifier.identify(f"Bearer {token()}")["sub"] == "user-a"
    unreachable = Verifier(POOL, CLIENT, "http://127.0.0.1:1/jwks.json")
    assert problem(unreachable, f"Bearer {token()}") == "keys_unavailable"


@pytest.mark.parametrize(
    ("header", "changed", "code"),
    [
        ({"typ": "at+jwt"}, {"aud": CLIENT, "client_id": None}, None),
        ({"typ": "application/at+JWT"}, {"aud": ["other", CLIENT], "client_id": None}, None),
        ({}, {"scope": "openid"}, None),
        ({"typ": "at+jwt"}, {"groups": ["admins"]}, None),
        ({"typ": "at+jwt"}, {"aud": "other", "client_id": "other"}, "token_of_other_client"),
        ({}, {"aud": CLIENT, "client_id": None}, "token_not_access"),
        ({}, {"aud": CLIENT, "client_id": None, "nonce": "n"}, "token_not_access"),
        ({}, {"aud": CLIENT, "client_id": None, "scope": "openid", "at_hash": "h"}, "token_not_access"),
        ({"typ": "at+jwt"}, {"token_use": "id"}, "token_not_access"),
    ],
)
def test_an_external_issuer_needs_no_token_use(
    server: KeyServer, header: dict[str, Any], changed: dict[str, Any], code: str | None
) -> None:
    verifier = Verifier(ELSEWHERE, CLIENT, server.url)
    sent = token(header=header, **({"iss": ELSEWHERE, "token_use": None, "cognito:groups": None} | changed))
    context = verifier.identify(f"Bearer {sent}")
    assert context.get("problem") == code
    assert context.get("groups", []) == changed.get("groups", [])


def test_no_token_is_logged(verifier: Verifier, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = [token(), token(exp=1), token(key="attacker"), hand_made({"alg": "none"})]
    for each in sent:
        verifier.identify(f"Bearer {each}")
    for each in sent:
        assert each not in caplog.text
        assert each.split(".")[1] not in caplog.text


def test_the_function_lets_every_call_through_and_says_what_is_wrong(
    verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway's own refusal is no problem document: the API answers instead."""
    from functions import authorizer

    monkeypatch.setattr(authorizer, "_verifier", lambda: verifier)
    context: Any = None
    headers: list[Any] = [{}, {"authorization": f"Bearer {token()}"}]
    called = [authorizer.handler({"headers": each}, context) for each in headers]
    assert [answer["isAuthorized"] for answer in called] == [True, True]
    assert called[0]["context"] == {"problem": "token_missing"}
    assert called[1]["context"]["sub"] == "user-a"
