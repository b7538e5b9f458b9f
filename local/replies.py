"""What goes back over the wire: a Lambda's answer, or one of the gateway's own."""

import base64
import json
from dataclasses import dataclass
from typing import Any

# The gateway counts the bytes and keeps the connection itself; it drops what the function says about them.
OWN_HEADERS = ("content-length", "transfer-encoding", "connection", "date")


class MalformedAnswer(Exception):
    """The function's answer is not a response; the gateway says 500."""


@dataclass(frozen=True)
class Reply:
    """Status, header pairs with lower-case names, and the body's bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def message(status: int, text: str) -> Reply:
    """The gateway's own way to say that something went wrong."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Reply(status, (("content-type", "application/json"),), body)


def problem(status: int, title: str, detail: str, code: str) -> Reply:
    """A problem document of local mode's own routes."""
    document = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "success": False,
        "code": code,
        "error": {"message": detail, "details": None},
    }
    return Reply(status, (("content-type", "application/problem+json"),), json.dumps(document).encode())


def reply_of(answer: Any) -> Reply:
    """The reply a function's answer stands for (response format 2.0); raises MalformedAnswer."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return _inferred(answer)
    given = {str(name).lower(): value for name, value in (answer.get("headers") or {}).items()}
    headers = [(name, _line(value)) for name, value in given.items() if name not in OWN_HEADERS]
    headers += [("set-cookie", _line(cookie)) for cookie in answer.get("cookies") or []]
    if "content-type" not in given:
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Reply(_status(answer["statusCode"]), tuple(headers), _body(answer))


def _inferred(answer: Any) -> Reply:
    """An answer without a status is the body of a 200."""
    body = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return Reply(200, (("content-type", "application/json"),), body.encode(errors="replace"))


def _status(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit() or not 100 <= int(value) <= 599:
        raise MalformedAnswer(f"statusCode {value!r} is not a status")
    return int(value)


def _line(value: Any) -> str:
    written = str(value).lower() if isinstance(value, bool) else str(value)
    if "\r" in written or "\n" in written:
        raise MalformedAnswer("a header holds a line break")
    return written


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer(f"body is {type(body).__name__}, not a string")
    if not answer.get("isBase64Encoded"):
        return body.encode(errors="replace")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as wrong:
        raise MalformedAnswer("body is not base64") from wrong
