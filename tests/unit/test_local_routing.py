"""Route choice by API Gateway's priorities."""

import pytest

from local.description import Route
from local.routing import Router


def route(key: str) -> Route:
    method, _, path = key.rpartition(" ")
    return Route(method or "ANY", path, "ApiFunction", None, 30)


ROUTES = ["ANY /{proxy+}", "$default", "GET /pets/{id}", "GET /pets/dog", "ANY /pets/{id}", "GET /pets/{proxy+}"]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("POST", "/pets/dog", "ANY /pets/{id}", {"id": "dog"}),
        ("GET", "/pets/cat", "GET /pets/{id}", {"id": "cat"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("PUT", "/pets/cat/1", "ANY /{proxy+}", {"proxy": "pets/cat/1"}),
        ("GET", "/", "$default", {}),
        ("GET", "/pets/ä b", "GET /pets/{id}", {"id": "ä b"}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    found = Router([route(key) for key in ROUTES]).find(method, path)
    assert found is not None
    assert (found[0].key, found[1]) == (key, parameters)


def test_without_a_default_an_unknown_path_has_no_route() -> None:
    router = Router([route("GET /pets/{id}")])
    assert router.find("GET", "/pets") is None
    assert router.find("GET", "/pets/") is None
    assert router.find("POST", "/pets/1") is None
