"""API Gateway v2 events (payload 2.0), made from a request as it came over the wire."""

import base64
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.description import Authorizer, Route
from local.template import ACCOUNT

TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript")


@dataclass(frozen=True)
class Request:
    """A request. `path` is decoded, as the gateway hands it on; `query` is as it was written."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes
    source: str
    protocol: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


def request_of(scope: Mapping[str, Any], body: bytes) -> Request:
    """The request of an ASGI scope. Repeated headers are joined by comma; cookies stand apart."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [part.strip() for part in value.split(";")]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Request(
        method=scope["method"],
        path=unquote(scope["raw_path"].split(b"?", 1)[0].decode("latin-1")),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        cookies=tuple(cookies),
        body=body,
        source=(scope.get("client") or ("127.0.0.1", 0))[0],
        protocol=f"HTTP/{scope['http_version']}",
    )


def proxy_event(request: Request, route: Route, parameters: Mapping[str, str], context: Any) -> dict[str, Any]:
    """The event of a Lambda integration; `context` is what the authorizer answered, None without one."""
    event = {**_shared(request, route, parameters), "isBase64Encoded": False}
    if context is not None:
        event["requestContext"]["authorizer"] = {"lambda": context}
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def authorizer_event(
    request: Request, route: Route, parameters: Mapping[str, str], authorizer: Authorizer, identity: list[str]
) -> dict[str, Any]:
    """The event of a REQUEST authorizer: like the proxy's, without a body."""
    arn = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:local/$default/{request.method}{request.path}"
    sources = identity if authorizer.identity_sources else None
    return {**_shared(request, route, parameters), "type": "REQUEST", "routeArn": arn, "identitySource": sources}


def _shared(request: Request, route: Route, parameters: Mapping[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": dict(request.headers),
        "requestContext": _context(request, route),
    }
    if request.cookies:
        event["cookies"] = list(request.cookies)
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        event["pathParameters"] = dict(parameters)
    return event


def _context(request: Request, route: Route) -> dict[str, Any]:
    now, host = time.time(), request.header("host")
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.id,
        "routeKey": route.key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Request) -> tuple[str, bool]:
    """Text as it is, anything else in base64."""
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if not kind or kind.startswith(TEXT_TYPES) or kind.endswith("+json"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass  # Declared as text, but it is not: base64 keeps every byte.
    return base64.b64encode(request.body).decode(), True
