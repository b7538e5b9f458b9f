"""What every request passes before it is routed: who calls, how large it is, whether its body can be read."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from penstock.domain.errors import FieldError, Invalid, Malformed, TooLarge, Unauthenticated
from penstock.engine.parts import Identity
from penstock.routes.problems import Unavailable, UnsupportedMediaType

# 10,000 keywords of 200 characters pass; Lambda's own limit is 6 MB for the whole event.
MOST_BODY_BYTES = 4_000_000
API = "/api/"

_NEW = "get a new one and send it as `Authorization: Bearer …`."
REASONS: Mapping[str, str] = {
    "token_missing": "No token came with the request: send `Authorization: Bearer …`.",
    "token_malformed": "The Authorization header holds no readable token: send `Authorization: Bearer …` with a JWT.",
    "token_algorithm": f"The token is not signed with RS256: {_NEW}",
    "token_forged": f"The token's signature is not valid: {_NEW}",
    "token_key_unknown": f"The token is signed with a key that its issuer does not publish: {_NEW}",
    "token_expired": f"The token has expired: {_NEW}",
    "token_not_yet_valid": "The token is not valid yet: check the clock of the machine that issued it.",
    "token_of_other_issuer": f"The token is of another issuer: {_NEW}",
    "token_of_other_client": f"The token was made for another client: {_NEW}",
    "token_not_access": "This is not an access token: send the access token, not the ID token.",
    "token_incomplete": f"The token lacks claims that are needed (sub, exp, iat, iss): {_NEW}",
}


def identity(event: Mapping[str, Any]) -> Identity:
    """Who calls, by the authorizer's context. Raises Unauthenticated with the reason, or Unavailable."""
    context = ((event["requestContext"].get("authorizer") or {}).get("lambda")) or {}
    if context.get("sub"):
        return Identity(context["sub"], context.get("username") or "", frozenset(context.get("groups") or ()))
    problem = context.get("problem") or "token_missing"
    if problem == "keys_unavailable":
        raise Unavailable("The token's issuer does not answer just now. Try again in a moment.", code=problem)
    raise Unauthenticated(REASONS.get(problem, REASONS["token_malformed"]), code=problem)


def is_public(path: str) -> bool:
    return not path.startswith(API)


def readable(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its body as text. Raises TooLarge, UnsupportedMediaType, Malformed."""
    body = event.get("body") or ""
    if len(body) > MOST_BODY_BYTES and len(_bytes(event, body)) > MOST_BODY_BYTES:
        raise TooLarge(f"The body is over {MOST_BODY_BYTES:,} bytes: split the request.", {"limit": MOST_BODY_BYTES})
    if not body:
        return {**event, "body": None, "isBase64Encoded": False}
    _check_type(event)
    text = _text(_bytes(event, body)) if event.get("isBase64Encoded") else body
    return {**event, "body": text, "isBase64Encoded": False}


def _bytes(event: Mapping[str, Any], body: str) -> bytes:
    if not event.get("isBase64Encoded"):
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except binascii.Error as error:
        raise Malformed("The body cannot be decoded.") from error


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (byte {error.start}): send JSON in UTF-8.") from error


def _check_type(event: Mapping[str, Any]) -> None:
    kind = event.get("headers", {}).get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType(
            f"The body is {kind or 'of no stated type'}: send JSON with `Content-Type: application/json`.",
            {"accepted": ["application/json"]},
        )


def parse(text: str) -> dict[str, Any]:
    """One JSON object. Refuses what has no clear meaning: NaN, a key twice, half a surrogate pair, other shapes."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        text = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise Malformed(text, where) from error
    except UnicodeEncodeError as error:
        raise Malformed("The body holds half of a surrogate pair (\\ud800–\\udfff): send whole characters.") from error
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
    except ValueError as error:
        raise Malformed(f"The body holds a number that is too long: {error}.") from error
    if not isinstance(value, dict):
        raise Invalid(FieldError("body", "must be a JSON object: {…}."))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"The body names {twice!r} twice in one object: send it once.", {"field": twice})
    return value


def _constant(name: str) -> Any:
    raise Malformed(f"The body holds {name}, which is not JSON: send a number or null.")
