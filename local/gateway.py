"""The HTTP API on one machine: an ASGI application that turns requests into Lambda invocations."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from local import cors
from local.authorization import Denied, Guard
from local.description import Description, Route
from local.events import Request, proxy_event, request_of
from local.invoke import FunctionError, LoadedFunction, RequestTooLarge, Throttled
from local.replies import MalformedAnswer, Reply, message, problem, reply_of
from local.routing import Router

logger = logging.getLogger(__name__)

REQUEST_LIMIT = 10 * 1024 * 1024
THREADS = 64
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class BodyTooLarge(Exception):
    """The body is above the HTTP API's 10 MB."""


class Gateway:
    """`token` gives the access token of a local user, None for a name it does not know. `anonymous` is the local user
    as whom a request without a token is made, if any."""

    def __init__(
        self,
        description: Description,
        functions: Mapping[str, LoadedFunction],
        token: Callable[[str], str | None],
        users: tuple[str, ...],
        anonymous: str | None = None,
    ) -> None:
        self._router = Router(description.routes)
        self._cors = description.cors
        self._functions = functions
        self._guard = Guard(functions)
        self._token = token
        self._users = users
        self._anonymous = anonymous
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway")

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"the gateway speaks http, not {scope['type']}")
        try:
            reply = await self._answer(scope, receive)
        except BodyTooLarge:
            reply = too_large()
        await _send(send, reply)

    def close(self) -> None:
        """Takes no further work; what runs goes on."""
        self._threads.shutdown(wait=False)

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> Reply:
        request = request_of(scope, b"")
        if _host(request) not in LOOPBACK:
            detail = (
                "Local mode answers to 127.0.0.1, localhost and [::1] only, so that no web page reaches it by name."
            )
            return problem(403, "Forbidden", detail, "host_not_allowed")
        if request.path == "/local/token":
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._sign_in, request)
        if self._cors is not None and cors.is_preflight(request):
            return cors.preflight(self._cors, request)
        request = request_of(scope, await _read(request, receive))
        reply = await self._routed(request)
        reply = replace(reply, headers=(*reply.headers, ("apigw-requestid", request.id)))
        return reply if self._cors is None else cors.decorate(self._cors, request, reply)

    async def _routed(self, request: Request) -> Reply:
        found = self._router.find(request.method, request.path)
        if found is None:
            return message(404, "Not Found")
        route = found[0]
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._serve, request, *found)
        killed_at = self._functions[route.function].function.timeout
        try:
            return await asyncio.wait_for(work, min(route.timeout, killed_at))
        except TimeoutError:
            # A function that is killed is an error of its own; one that merely takes too long is the gateway's.
            killed = killed_at < route.timeout
            return message(500, "Internal Server Error") if killed else message(503, "Service Unavailable")

    def _signed(self, request: Request) -> Request:
        if self._anonymous is None or request.header("authorization"):
            return request
        return replace(request, headers={**request.headers, "authorization": f"Bearer {self._token(self._anonymous)}"})

    def _serve(self, request: Request, route: Route, parameters: dict[str, str]) -> Reply:
        request = self._signed(request)
        try:
            context = self._guard.context(request, route, parameters)
            return reply_of(self._functions[route.function](proxy_event(request, route, parameters, context)))
        except Denied as denied:
            return message(denied.status, denied.message)
        except RequestTooLarge:
            return too_large()
        except Throttled:
            return message(503, "Service Unavailable")
        except FunctionError:
            return message(500, "Internal Server Error")
        except MalformedAnswer as wrong:
            logger.warning("%s answered %s: %s", route.function, route.key, wrong)
            return message(500, "Internal Server Error")

    def _sign_in(self, request: Request) -> Reply:
        if request.method != "GET":
            return problem(405, "Method Not Allowed", "GET /local/token?user=<name>", "method_not_allowed")
        user = parse_qs(request.query).get("user", [""])[0]
        token = self._token(user)
        if token is None:
            known = ", ".join(self._users) or "none, as the template makes no user pool"
            detail = f"user {user!r} is unknown: the users of local mode are {known}"
            return problem(404, "Not Found", detail, "unknown_user")
        return Reply(200, (("content-type", "application/json"),), json.dumps({"token": token}).encode())


def too_large() -> Reply:
    """AWS refuses these too, without telling why: above 10 MB its gateway, above 6 MB Lambda."""
    detail = "The body is larger than any function could be handed: a request takes at most 4,000,000 bytes."
    return problem(413, "Content Too Large", detail, "too_large")


def _host(request: Request) -> str:
    host = request.header("host")
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


async def _read(request: Request, receive: Receive) -> bytes:
    declared = request.header("content-length")
    if declared.isdigit() and int(declared) > REQUEST_LIMIT:
        raise BodyTooLarge
    parts, size, more = [], 0, True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        more = event.get("more_body", False)
        if size > REQUEST_LIMIT:
            raise BodyTooLarge
    return b"".join(parts)


async def _send(send: Send, reply: Reply) -> None:
    headers = [(name.encode("latin-1", "replace"), value.encode()) for name, value in reply.headers]
    if not any(name == b"content-length" for name, _ in headers) and reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if reply.status in (204, 304) else reply.body})
