"""The OpenAPI document and the routes say the same; every documented route answers; the page needs nobody else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.api import ADMIN, UNKNOWN_ID, Api

PUBLIC = {"/healthz", "/openapi.json", "/docs"}
ROUTES = {
    "/api/batch-jobs": {"get", "post"},
    "/api/batch-jobs/actions": {"post"},
    "/api/batch-jobs/estimate": {"post"},
    "/api/batch-jobs/{job_id}": {"get", "patch", "delete"},
    "/api/batch-jobs/{job_id}/items": {"get"},
    "/api/batch-jobs/{job_id}/cancel": {"post"},
    "/api/batch-jobs/{job_id}/pause": {"post"},
    "/api/batch-jobs/{job_id}/resume": {"post"},
    "/api/batch-jobs/{job_id}/retry": {"post"},
    "/api/articles": {"get"},
    "/api/articles/export": {"get"},
    "/api/articles/{article_id}": {"get", "patch", "delete"},
    "/api/articles/{article_id}/regenerate": {"post"},
    "/api/websites": {"get", "post"},
    "/api/websites/{website_id}": {"get", "put", "delete"},
    "/api/account": {"get", "delete"},
    "/api/account/ledger": {"get"},
    "/api/account/usage": {"get"},
    "/api/accounts/{target}/grants": {"post"},
    "/api/models": {"get"},
    "/healthz": {"get"},
    "/openapi.json": {"get"},
    "/docs": {"get"},
}
# Samples with which a route answers well, where it needs more than its path.
BODIES: dict[str, Any] = {
    "/api/batch-jobs": {"keywords": ["a"]},
    "/api/batch-jobs/estimate": {"keywords": ["a"]},
    "/api/batch-jobs/actions": {"action": "pause", "ids": [UNKNOWN_ID]},
    "/api/websites": {"name": "Ours", "url": "https://example.com"},
    "/api/websites/{website_id}": {"name": "Ours", "url": "https://example.com"},
    "/api/accounts/{target}/grants": {"tokens": 5},
}


@pytest.fixture
def document(api: Api) -> Any:
    return api.get("/openapi.json").json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_valid_openapi_31(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_names_every_route_and_no_other(document: Any) -> None:
    assert {path: set(methods) for path, methods in document["paths"].items()} == ROUTES


def test_every_route_is_told_in_words(document: Any) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert set(operation["tags"]) <= tags, (method, path)


def test_every_route_but_the_public_ones_asks_for_a_token(document: Any) -> None:
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, method, operation in operations(document):
        assert operation.get("security") == (None if path in PUBLIC else [{"bearer": []}]), (method, path)


def test_every_fault_is_a_problem_document(document: Any) -> None:
    for path, method, operation in operations(document):
        faults = {code: each for code, each in operation["responses"].items() if int(code) >= 400}
        assert {"500"} <= faults.keys()
        for code, each in faults.items():
            schema = each["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}, (method, path, code)


def test_no_shape_is_left_unused(document: Any) -> None:
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_the_body_of_a_new_job_is_any_kinds_own(document: Any) -> None:
    schema = document["paths"]["/api/batch-jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    shown = {each["$ref"].rpartition("/")[2] for each in schema["anyOf"]}
    shapes = [document["components"]["schemas"][name]["properties"] for name in shown]
    assert any("keywords" in shape for shape in shapes)
    assert any("lines" in shape for shape in shapes)


def test_every_documented_route_answers_as_documented(api: Api, document: Any) -> None:
    """With ids that do not exist: 404, as a problem, where there is nothing; else the success that is documented."""
    admin = api.as_(ADMIN)
    admin.get("/api/account")
    for path, method, operation in operations(document):
        if (path, method) == ("/api/account", "delete"):
            continue
        called = re.sub(r"{target}", str(ADMIN["sub"]), re.sub(r"{\w+_id}", UNKNOWN_ID, path))
        query = {"jobId": UNKNOWN_ID} if path.endswith("/export") else {}
        body = BODIES.get(path, {}) if method in ("post", "put", "patch") else None
        reply = admin.call(method.upper(), called, body, query=query)
        assert str(reply.status) in operation["responses"], (method, path, reply.status)
        media = reply.headers.get("content-type", "").partition(";")[0]
        assert media in operation["responses"][str(reply.status)].get("content", {"": 1}), (method, path, media)
        expected = 404 if "_id}" in path or path.endswith("/export") else (201 if path in BODIES else 200)
        assert reply.status in (expected, 200), (method, path, reply.content)


def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.get("/docs")
    text = page.content.decode()
    assert page.headers["content-type"].startswith("text/html")
    assert "createJob" in text or "create_job" in text
    outside = re.findall(r"<(?:script|link|img|iframe|base)\b[^>]*(?:src|href)\s*=\s*[\"']?([^\"'> ]+)", text[:20_000])
    assert [url for url in outside if not url.startswith("data:")] == []
    assert "@import" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "http" not in page.headers["content-security-policy"]


def test_the_page_is_sent_compressed_to_who_takes_it(api: Api) -> None:
    page = api.get("/docs", {"accept-encoding": "gzip, br"})
    assert page.headers["content-encoding"] == "gzip"
    assert len(page.content) < 800_000
