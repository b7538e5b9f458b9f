"""powertools' resolver, made safe for many requests at once in one process, and a table of endpoints for it."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel

from penstock.routes.admission import parse
from penstock.routes.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

Handler = Callable[..., Response[Any]]

_MEANING: Mapping[int, str] = {
    200: "Done.",
    201: "Created.",
    202: "Accepted: it is under way.",
    204: "Done; there is nothing to say.",
    303: "Too large for an answer: it is at the address in Location, for an hour and for everybody who has it.",
    304: "Not changed since the version named in If-None-Match.",
    400: "The body cannot be read.",
    401: "No token, or none that is valid; `code` says why.",
    403: "Not for this user.",
    404: "There is no such thing, or it is another user's.",
    409: "The present state does not allow it; `detail` names the state.",
    412: "It has changed since the version named in If-Match.",
    413: "Over a stated limit.",
    415: "Not JSON.",
    422: "Fields are wrong; `error.details` names each and its remedy.",
    500: "A fault of ours; it was logged.",
    503: "Too busy just now; nothing was changed. See Retry-After.",
}
_UNUSED = frozenset({"HTTPValidationError", "ValidationError", "ResponseValidationError"})


@dataclass(frozen=True)
class Endpoint:
    """`reply` is the model of the JSON answer; `files` are the media types of any other. `faults` are the statuses of
    problem documents besides those that every route can give, `also` other ones without a body. The handler's docstring
    is what the documentation says."""

    method: str
    path: str
    handler: Handler
    tag: str
    reply: type[BaseModel] | None = None
    status: int = 200
    faults: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    public: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def responses(self) -> dict[int, Any]:
        faults = (422, 500) if self.public else (401, 422, 500, 503)
        good: dict[int, Any] = {self.status: {"description": _MEANING[self.status], "content": self._content}}
        if self.headers:
            shown = {name: {"description": text, "schema": {"type": "string"}} for name, text in self.headers.items()}
            good[self.status]["headers"] = shown
        rest = {status: {"description": _MEANING[status], "content": {}} for status in self.also}
        bad = {
            status: {"description": _MEANING[status], "content": {MEDIA_TYPE: {"model": Problem}}}
            for status in sorted({*faults, *self.faults})
        }
        return good | rest | bad

    @property
    def _content(self) -> dict[str, Any]:
        shown: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in self.files}
        return {"application/json": {"model": self.reply}, **shown} if self.reply else shown


class Resolver(APIGatewayHttpResolver):
    """powertools keeps the request it is at in its classes: one at a time, as Lambda does. Local mode serves many
    at once in one process, so that here it is kept by thread."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._building = threading.Lock()
        super().__init__(enable_validation=True, json_body_deserializer=parse, debug=False)

    @property
    def current_event(self) -> APIGatewayProxyEventV2:  # type: ignore[override]
        event: APIGatewayProxyEventV2 = self._thread.event
        return event

    @property
    def context(self) -> dict[str, Any]:
        if not hasattr(self._thread, "context"):
            self._thread.context = {}
        known: dict[str, Any] = self._thread.context
        return known

    @context.setter
    def context(self, value: dict[str, Any]) -> None:
        self._thread.context = value

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        self._thread.event = APIGatewayProxyEventV2(dict(event), parse)
        return super().resolve(event, context)

    def _call_route(self, route: Route, route_arguments: dict[str, str]) -> ResponseBuilder[Any]:
        """Two threads that built a route's stack at once would wrap it twice."""
        with self._building:
            if not route._middleware_stack_built:  # noqa: SLF001 - powertools has no hook for it
                route._build_middleware_stack(router_middlewares=self._router_middlewares, app=self)  # noqa: SLF001
        return super()._call_route(route, route_arguments)

    def get_openapi_schema(self, **options: Any) -> "OpenAPI":
        """Without powertools' own shapes of errors, which no route answers with."""
        document = super().get_openapi_schema(**options)
        schemas = (document.components.schemas if document.components else None) or {}
        for name in _UNUSED & schemas.keys():
            del schemas[name]
        return document

    def add(self, endpoints: Iterable[Endpoint]) -> None:
        for each in endpoints:
            summary, _, description = (each.handler.__doc__ or "").partition("\n")
            self.route(
                each.path,
                each.method,
                summary=summary.strip().rstrip("."),
                description=" ".join(description.split()) or None,
                tags=[each.tag],
                operation_id=each.handler.__name__,
                responses=each.responses,
                status_code=each.status,
                security=None if each.public else [{"bearer": []}],
            )(each.handler)

    def methods_of(self, path: str) -> list[str]:
        """The methods that a path knows; none where there is no such path."""
        routes = (*self._static_routes, *self._dynamic_routes)
        return sorted({route.method for route in routes if re.fullmatch(route.rule, path)})
