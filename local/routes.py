"""The HTTP API of the translated template: its routes, authorizers and CORS."""

from collections.abc import Mapping
from typing import Any

from local.description import Authorizer, Cors, Route
from local.errors import TemplateError
from local.intrinsics import text
from local.lookup import Lookup, refuse_unknown
from local.routing import DEFAULT

API, STAGE = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"
ANY = "x-amazon-apigateway-any-method"
VERBS = {verb.lower(): verb for verb in ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH")} | {ANY: "ANY"}
INTEGRATION = "x-amazon-apigateway-integration"
INTEGRATION_TIMEOUT = 30_000
CARRIED_METHOD = (INTEGRATION, "security", "responses", "parameters", "isDefaultRoute")
CARRIED_CORS = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge", "allowCredentials")


def read(lookup: Lookup) -> tuple[tuple[Route, ...], Cors | None]:
    """Routes and CORS of the one HTTP API; a template without one has none of either."""
    for logical_id, properties in lookup.template.of_type(STAGE).items():
        if properties.get("StageName") != "$default":
            raise TemplateError(logical_id, "only the stage $default is supported in local mode")
    apis = dict(lookup.resolved(API))
    if len(apis) > 1:
        raise TemplateError(sorted(apis)[1], "only one HTTP API is supported in local mode")
    for logical_id, properties in apis.items():
        if properties.get("ProtocolType", "HTTP") != "HTTP" or "Body" not in properties:
            raise TemplateError(logical_id, "only AWS::Serverless::HttpApi is supported in local mode")
        body = properties["Body"]
        return _routes(logical_id, body, lookup), _cors(logical_id, body.get("x-amazon-apigateway-cors"))
    return (), None


def _routes(where: str, body: Mapping[str, Any], lookup: Lookup) -> tuple[Route, ...]:
    schemes = body.get("components", {}).get("securitySchemes", {})
    known = {name: _authorizer(f"{where} {name}", name, scheme, lookup) for name, scheme in schemes.items()}
    return tuple(
        _route(f"{where} {path}", path, verb, {**method, "security": _secured(where, method, known)}, lookup)
        for path, methods in body.get("paths", {}).items()
        for verb, method in methods.items()
    )


def _route(where: str, path: str, verb: str, method: Mapping[str, Any], lookup: Lookup) -> Route:
    refuse_unknown(where, [verb], VERBS)
    refuse_unknown(where, method, CARRIED_METHOD)
    integration = method[INTEGRATION]
    if integration.get("type") != "aws_proxy" or integration.get("payloadFormatVersion") != "2.0":
        raise TemplateError(where, "only Lambda integrations with payload 2.0 are supported in local mode")
    return Route(
        method=VERBS[verb],
        path=DEFAULT if path.removeprefix("/") == DEFAULT else path,
        function=lookup.function(where, integration["uri"]).logical_id,
        authorizer=method["security"],
        timeout=float(integration.get("timeoutInMillis", INTEGRATION_TIMEOUT)) / 1000,
    )


def _secured(where: str, method: Mapping[str, Any], known: Mapping[str, Authorizer]) -> Authorizer | None:
    names = [name for entry in method.get("security", []) for name in entry if name != "NONE"]
    if not names:
        return None
    if names[0] not in known:
        raise TemplateError(where, f"authorizer {names[0]} is not defined by the API")
    return known[names[0]]


def _authorizer(where: str, name: str, scheme: Mapping[str, Any], lookup: Lookup) -> Authorizer:
    spec = scheme.get("x-amazon-apigateway-authorizer", {})
    simple = spec.get("authorizerPayloadFormatVersion") == "2.0" and spec.get("enableSimpleResponses") is True
    if spec.get("type") != "request" or not simple:
        raise TemplateError(where, "authorizers must be of type REQUEST, with payload 2.0 and simple responses")
    sources = spec.get("identitySource", [])
    listed = [part.strip() for part in sources.split(",")] if isinstance(sources, str) else sources
    for source in listed:
        if not source.startswith(("$request.header.", "$request.querystring.")):
            raise TemplateError(where, f"identity source {source} is not supported in local mode")
    function = lookup.function(where, spec["authorizerUri"])
    return Authorizer(name, function.logical_id, tuple(listed), int(spec.get("authorizerResultTtlInSeconds", 0)))


def _cors(where: str, spec: Mapping[str, Any] | None) -> Cors | None:
    if not spec:
        return None
    refuse_unknown(f"{where} CorsConfiguration", spec, CARRIED_CORS)
    return Cors(
        origins=_names(spec.get("allowOrigins")),
        methods=_names(spec.get("allowMethods")),
        headers=_names(spec.get("allowHeaders")),
        exposed=_names(spec.get("exposeHeaders")),
        max_age=int(spec["maxAge"]) if "maxAge" in spec else None,
        credentials=text(spec.get("allowCredentials", False)) == "true",
    )


def _names(value: Any) -> tuple[str, ...]:
    """The translator writes a list parameter out as one comma-separated string."""
    if value is None:
        return ()
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else tuple(value)
