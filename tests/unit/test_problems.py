"""Every error of the tree as a problem document."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from penstock.domain import errors
from penstock.domain.errors import FieldError, Invalid, PenstockError
from penstock.routes.problems import MethodNotAllowed, PreconditionFailed, Unavailable, UnsupportedMediaType, respond

MEMBERS = {"type", "title", "status", "detail", "instance", "success", "code", "error", "requestId"}


def answered(error: Exception) -> tuple[int, dict[str, Any], dict[str, Any]]:
    response = respond(error, "/api/batch-jobs/7", "request-1")
    assert isinstance(response.body, str)
    return response.status_code, dict(response.headers), json.loads(response.body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Malformed("x"), 400, "malformed"),
        (errors.Unauthenticated("x", code="token_expired"), 401, "token_expired"),
        (errors.Forbidden("x"), 403, "forbidden"),
        (errors.NotFound("x"), 404, "not_found"),
        (MethodNotAllowed("PUT", ["GET", "POST"]), 405, "method_not_allowed"),
        (errors.Conflict("x", {"status": "failed"}), 409, "conflict"),
        (PreconditionFailed("x"), 412, "precondition_failed"),
        (errors.TooLarge("x"), 413, "too_large"),
        (UnsupportedMediaType("x"), 415, "unsupported_media_type"),
        (Invalid(FieldError("name", "is wrong.")), 422, "invalid"),
        (Invalid(FieldError("name", "is wrong."), code="idempotency_mismatch"), 422, "idempotency_mismatch"),
        (errors.Contention("x"), 503, "contention"),
        (Unavailable("x"), 503, "unavailable"),
    ],
)
def test_the_tree_maps_to_statuses(error: PenstockError, status: int, code: str) -> None:
    found, headers, body = answered(error)
    assert (found, body["status"], body["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert set(body) == MEMBERS
    assert body["success"] is False
    assert body["detail"] == body["error"]["message"] == error.message
    assert (body["instance"], body["requestId"]) == ("/api/batch-jobs/7", "request-1")


def test_each_field_at_fault_is_named() -> None:
    _, _, body = answered(
        Invalid(FieldError("keywords[17]", "is too long."), FieldError("settings.tone", "is unknown."))
    )
    assert body["error"]["details"] == [
        {"field": "keywords[17]", "message": "is too long."},
        {"field": "settings.tone", "message": "is unknown."},
    ]


def test_details_of_other_errors_are_an_object() -> None:
    _, _, body = answered(errors.Conflict("The job is failed.", {"status": "failed", "allowedFrom": ["paused"]}))
    assert body["error"]["details"] == {"status": "failed", "allowedFrom": ["paused"]}


class Reply(BaseModel):
    number: int


def our_own_validation_error() -> Exception:
    try:
        Reply(number="secret")  # type: ignore[arg-type]
    except ValueError as error:
        return error
    raise AssertionError("it passed")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division by secret"),
        KeyError("secret"),
        our_own_validation_error(),
        PenstockError("secret"),
        errors.Transient("secret"),
        errors.Limited("secret"),
    ],
)
def test_a_fault_of_ours_tells_nothing(error: Exception) -> None:
    status, _, body = answered(error)
    assert (status, body["code"]) == (500, "internal")
    assert "secret" not in json.dumps(body)
    assert "request-1" in json.dumps(body)


def test_a_missing_token_is_asked_for_and_a_bad_one_named() -> None:
    assert (
        answered(errors.Unauthenticated("x", code="token_missing"))[1]["WWW-Authenticate"] == 'Bearer realm="penstock"'
    )
    challenge = answered(errors.Unauthenticated("x", code="token_expired"))[1]["WWW-Authenticate"]
    assert challenge == 'Bearer realm="penstock", error="invalid_token", error_description="token_expired"'


def test_a_wrong_verb_names_the_right_ones() -> None:
    _, headers, body = answered(MethodNotAllowed("PUT", ["GET", "POST"]))
    assert headers["Allow"] == "GET, POST"
    assert "GET or POST" in body["detail"]


def test_who_is_asked_to_come_back_is_told_when() -> None:
    assert int(answered(errors.Contention("x"))[1]["Retry-After"]) > 0


def test_problems_are_not_cached() -> None:
    assert answered(errors.NotFound("x"))[1]["Cache-Control"] == "no-store"
