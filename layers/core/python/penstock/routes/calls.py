"""What a handler knows of its request beside its parameters: who calls, and the headers that mean something."""

import hashlib
import json
from typing import Any

from aws_lambda_powertools.event_handler import Request

from penstock.domain.errors import FieldError, Forbidden, Invalid
from penstock.engine.idempotency import Once
from penstock.engine.parts import Identity
from penstock.routes.admission import identity
from penstock.routes.problems import PreconditionFailed
from penstock.routes.replies import etag

LONGEST_KEY = 255


def who(request: Request) -> Identity:
    return identity(request.resolved_event.raw_event)


def admin(request: Request) -> Identity:
    caller = who(request)
    if not caller.is_admin:
        raise Forbidden("Only members of the group `admins` may do this.")
    return caller


def once(request: Request, *about: Any) -> Once | None:
    """The request's Idempotency-Key, with a fingerprint of what is asked for: path and body, in any order of names."""
    key = _header(request, "idempotency-key")
    if not key:
        return None
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        fault = f"must be at most {LONGEST_KEY} printable ASCII characters, such as a UUID."
        raise Invalid(FieldError("Idempotency-Key", fault))
    text = json.dumps([request.resolved_event.path, *about], sort_keys=True, ensure_ascii=False)
    return Once(key, hashlib.sha256(text.encode()).hexdigest())


def not_modified(request: Request, version: int) -> bool:
    return _names(_header(request, "if-none-match"), version)


def require_match(request: Request, version: int) -> None:
    """Raises PreconditionFailed where If-Match names another version."""
    asked = _header(request, "if-match")
    if asked and not _names(asked, version):
        raise PreconditionFailed(f"It is at version {version} now: read it again.", {"version": version})


def _names(tags: str, version: int) -> bool:
    named = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return bool(tags) and bool({"*", etag(version)} & named)


def _header(request: Request, name: str) -> str:
    headers: dict[str, str] = request.resolved_event.raw_event.get("headers") or {}
    return headers.get(name, "").strip()
