"""CORS as an HTTP API does it: the gateway answers preflights and decides about the headers, not the function."""

from local.description import Cors
from local.events import Request
from local.replies import Reply

PREFIX = "access-control-"


def is_preflight(request: Request) -> bool:
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight(cors: Cors, request: Request) -> Reply:
    """What the browser may do; nothing at all for an origin that is not allowed."""
    allowed = _origin(cors, request)
    if allowed is None:
        return Reply(204, (), b"")
    headers = [*_granted(cors, allowed)]
    headers += [("access-control-allow-methods", ",".join(cors.methods))] if cors.methods else []
    headers += [("access-control-allow-headers", ",".join(cors.headers))] if cors.headers else []
    headers += [("access-control-max-age", str(cors.max_age))] if cors.max_age is not None else []
    return Reply(204, tuple(headers), b"")


def decorate(cors: Cors, request: Request, reply: Reply) -> Reply:
    """The reply with the API's CORS headers; those of the function do not count."""
    headers = [pair for pair in reply.headers if not pair[0].startswith(PREFIX)]
    allowed = _origin(cors, request)
    if allowed is not None:
        headers += _granted(cors, allowed)
        headers += [("access-control-expose-headers", ",".join(cors.exposed))] if cors.exposed else []
    return Reply(reply.status, tuple(headers), reply.body)


def _granted(cors: Cors, origin: str) -> list[tuple[str, str]]:
    granted = [("access-control-allow-origin", origin)]
    return [*granted, ("access-control-allow-credentials", "true")] if cors.credentials else granted


def _origin(cors: Cors, request: Request) -> str | None:
    """The value of Access-Control-Allow-Origin, None where there is no origin or it is not allowed."""
    origin = request.header("origin")
    if not origin:
        return None
    if "*" in cors.origins:
        return "*"
    any_of_scheme = f"{origin.partition('//')[0]}//*"
    return origin if origin in cors.origins or any_of_scheme in cors.origins else None
