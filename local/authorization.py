"""Asks a route's REQUEST authorizer, as the HTTP API does before it invokes the integration."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local.description import Authorizer, Route
from local.events import Request, authorizer_event
from local.invoke import InvocationError, LoadedFunction

MOST_ANSWERS = 1_000


@dataclass(frozen=True)
class Denied(Exception):
    """The gateway's own refusal."""

    status: int
    message: str


class Guard:
    """Keeps answers per identity for as long as the authorizer's ttl says; with ttl 0 every request is asked about."""

    def __init__(self, functions: Mapping[str, LoadedFunction]) -> None:
        self._functions = functions
        self._answers: dict[tuple[str, ...], tuple[float, Any]] = {}

    def context(self, request: Request, route: Route, parameters: Mapping[str, str]) -> Any:
        """The authorizer's context for the integration, None on a route without one. Raises Denied."""
        authorizer = route.authorizer
        if authorizer is None:
            return None
        identity = [_identity(source, request) for source in authorizer.identity_sources]
        if not all(identity):
            raise Denied(401, "Unauthorized")
        answer = self._known((authorizer.name, *identity))
        if answer is None:
            answer = self._ask(authorizer, authorizer_event(request, route, parameters, authorizer, identity))
            self._remember((authorizer.name, *identity), answer, authorizer.ttl)
        if answer.get("isAuthorized") is not True:
            raise Denied(403, "Forbidden")
        return answer.get("context") or {}

    def _ask(self, authorizer: Authorizer, event: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._functions[authorizer.function](event)
        except InvocationError as failed:
            raise Denied(500, "Internal Server Error") from failed
        if not isinstance(answer, dict) or not isinstance(answer.get("isAuthorized"), bool):
            raise Denied(500, "Internal Server Error")
        return answer

    def _known(self, key: tuple[str, ...]) -> Any:
        until, answer = self._answers.get(key, (0.0, None))
        return answer if time.monotonic() < until else None

    def _remember(self, key: tuple[str, ...], answer: Any, ttl: int) -> None:
        if ttl > 0 and len(key) > 1:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = (time.monotonic() + ttl, answer)


def _identity(source: str, request: Request) -> str:
    place, _, name = source.removeprefix("$request.").partition(".")
    if place == "header":
        return request.header(name.lower())
    return parse_qs(request.query).get(name, [""])[0]
