"""Calls the HTTP interface as the gateway would: an event of payload 2.0 in, status, headers and body out."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from penstock import wiring
from penstock.domain.errors import Refused
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.kinds import articles
from penstock.kinds.documents import html
from penstock.providers import catalogue
from penstock.providers.offline import OfflineWriter
from penstock.routes.app import App, build
from tests.house import House
from tests.toys import MODEL, STAGES, TOY

ANN = {"sub": "user-a", "username": "ann", "groups": []}
BEN = {"sub": "user-b", "username": "ben", "groups": []}
ADMIN = {"sub": "user-z", "username": "zoe", "groups": ["admins"]}
JOBS = "/api/batch-jobs"
ARTICLES = "/api/articles"
WEBSITES = "/api/websites"
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def data(self) -> Any:
        assert self.json["success"] is True, self.json
        return self.json["data"]

    @property
    def faults(self) -> dict[str, str]:
        """Message by field, of a 422."""
        assert self.status == 422, self.json
        return {each["field"]: each["message"] for each in self.json["error"]["details"]}


@dataclass
class Api:
    """`who` is the context that the authorizer gives."""

    app: App
    who: Mapping[str, Any] = field(default_factory=lambda: ANN)

    def as_(self, who: Mapping[str, Any]) -> "Api":
        return replace(self, who=who)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Reply:
        return self.call("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", path, body, headers=headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PUT", path, body, headers=headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PATCH", path, body, headers=headers)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.call("DELETE", path, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **event: Any,
    ) -> Reply:
        """A body that is no string is sent as JSON."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
        sent = {"content-type": "application/json", **named} if text is not None else named
        return reply(self.app(request(method, path, text, query or {}, sent, self.who) | event, None))


def request(
    method: str,
    path: str,
    body: str | None,
    query: Mapping[str, Any],
    headers: Mapping[str, str],
    who: Mapping[str, Any],
) -> dict[str, Any]:
    raw = urlencode(query)
    return {
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": path,
        "rawQueryString": raw,
        "headers": dict(headers),
        **({"queryStringParameters": {name: str(value) for name, value in query.items()}} if query else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"lambda": dict(who)},
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": "request-1",
            "routeKey": "ANY /api/{proxy+}",
            "stage": "$default",
            "time": "22/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_334_400_000,
        },
        **({"body": body} if body is not None else {}),
        "isBase64Encoded": False,
    }


def reply(answer: Mapping[str, Any]) -> Reply:
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    return Reply(answer["statusCode"], headers, content)


def api_of(house: House) -> Api:
    """On the house's resources: articles by the offline writer, beside kinds whose stages do what a test says."""
    models = Catalogue([*catalogue.load(), MODEL], offline=True)
    house.parts = replace(
        house.parts,
        kinds=Kinds([articles.KIND, TOY, STAGES]),
        models=models,
        write=_write(house, models),
        make=_make(models),
    )
    return Api(build(house.parts, html.clean, wiring.word_document))


def _write(house: House, models: Catalogue) -> Any:
    offline = OfflineWriter()

    def write(model_id: str, prompt: Any, seconds: float) -> Any:
        if model_id == MODEL.id:
            return house.script.write(model_id, prompt, seconds)
        model = models.find(model_id)
        assert model
        return offline.write(model, prompt, seconds)

    return write


def _make(models: Catalogue) -> Any:
    offline = OfflineWriter()

    def make(model_id: str, prompt: Any, seconds: float) -> Any:
        model = models.find(model_id)
        assert model
        return offline.make(model, prompt, seconds)

    return make


def created(api: Api, lines: int = 3, **more: Any) -> str:
    """The id of a new job of toys."""
    reply = api.post(JOBS, {"jobType": "toy", "lines": lines, **more})
    assert reply.status == 201, reply.content
    return str(reply.data["jobId"])


def written(api: Api, house: House, *keywords: str, **settings: Any) -> str:
    """The id of a finished job of keywords."""
    reply = api.post(JOBS, {"keywords": list(keywords), "settings": {"length": "short", **settings}})
    assert reply.status == 201, reply.content
    house.run()
    return str(reply.data["jobId"])


def one(api: Api, house: House, keyword: str = "forex", **settings: Any) -> Any:
    """A finished article."""
    return api.get(f"{ARTICLES}/{written(api, house, keyword, **settings)}-000000").data


def refuse() -> None:
    raise Refused("Not this one.")
