"""Puts the routes together, and answers one event of the HTTP API (payload 2.0) with one reply."""

import logging
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from penstock.engine.parts import Parts
from penstock.routes import admission
from penstock.routes.accounts import AccountRoutes
from penstock.routes.article_texts import Clean
from penstock.routes.articles import ArticleRoutes
from penstock.routes.exports import Word
from penstock.routes.jobs import JobRoutes
from penstock.routes.models import ModelRoutes
from penstock.routes.problems import MethodNotAllowed, UnknownPath, plain, respond, status_of
from penstock.routes.resolver import Resolver
from penstock.routes.service import ServiceRoutes
from penstock.routes.websites import WebsiteRoutes

log = logging.getLogger(__name__)


class App:
    """Every answer is a reply or a problem document: no exception leaves it."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        resolver.exception_handler(Exception)(self._failed)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        try:
            if not admission.is_public(event["rawPath"]):
                admission.identity(event)
            return self.resolver.resolve(admission.readable(event), context)
        except Exception as error:  # noqa: BLE001 - the outermost edge: logged there, answered as 500
            response = self._answer(error, event)
            builder: ResponseBuilder[Any] = ResponseBuilder(response)
            return builder.build(APIGatewayProxyEventV2(dict(event)))

    def _failed(self, error: Exception) -> Response[Any]:
        """What a route raised, or powertools in its place."""
        event = self.resolver.current_event
        if isinstance(error, NotFoundError):
            error = self._unrouted(event.http_method, event.path)
        if isinstance(error, RequestValidationError):
            error = plain(error, event.json_body if event.body and error.errors()[0]["loc"][:1] == ("body",) else None)
        return self._answer(error, event.raw_event)

    def _unrouted(self, method: str, path: str) -> Exception:
        allowed = self.resolver.methods_of(path)
        return MethodNotAllowed(method, allowed) if allowed else UnknownPath(f"There is nothing at {path[:200]}.")

    @staticmethod
    def _answer(error: Exception, event: Mapping[str, Any]) -> Response[Any]:
        """A fault of ours is logged with its stack, under the id that the caller gets to see."""
        request_id = event.get("requestContext", {}).get("requestId", "")
        if status_of(error) >= 500:
            about = {"request_id": request_id, "route": event.get("routeKey")}
            log.error("a request failed", exc_info=error, extra=about)
        return respond(error, event.get("rawPath", ""), request_id)


def build(parts: Parts, clean: Clean, word: Word) -> App:
    """`clean` makes HTML safe to show, `word` makes Word documents of it."""
    resolver = Resolver()
    plain_routes = (JobRoutes, WebsiteRoutes, AccountRoutes, ModelRoutes)
    routes = (*(each(parts) for each in plain_routes), ArticleRoutes(parts, clean, word), ServiceRoutes(resolver))
    for each in routes:
        resolver.add(each.endpoints)
    return App(resolver)
