"""Every error as a problem document (RFC 9457), and the one mapping from the tree of errors to HTTP statuses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import Field

from penstock.domain import errors
from penstock.domain.errors import FieldError, Invalid, PenstockError
from penstock.routes.fields import field_errors
from penstock.routes.replies import View

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class UnknownPath(errors.NotFound):
    code = "unknown_path"


class MethodNotAllowed(PenstockError):
    """`allowed` are the methods that the path knows."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        super().__init__(f"{method} is not possible here: use {' or '.join(allowed)}.", {"allowed": allowed})
        self.allowed = allowed


class UnsupportedMediaType(PenstockError):
    code = "unsupported_media_type"


class PreconditionFailed(PenstockError):
    code = "precondition_failed"


class Unavailable(PenstockError):
    code = "unavailable"


STATUS: Mapping[type[PenstockError], HTTPStatus] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Contention: HTTPStatus.SERVICE_UNAVAILABLE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class FieldFault(View):
    field: str = Field(description="Path of the field as it was sent, e.g. `settings.maxImages` or `keywords[17]`.")
    message: str = Field(description="What is wrong with it, and the remedy.")


class Fault(View):
    message: str
    details: list[FieldFault] | dict[str, Any] = Field(description="For 422 a list of fields, else an object.")


class Problem(View):
    """A problem document (RFC 9457). `code` is stable and meant for programs, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was called.")
    success: Literal[False] = False
    code: str
    error: Fault
    request_id: str = Field(description="Name it when you report the problem.")


def status_of(error: Exception) -> HTTPStatus:
    known = (STATUS[base] for base in type(error).__mro__ if base in STATUS)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def plain(error: Exception, value: Any = None) -> Exception:
    """A validator's exception as the `Invalid` that it means; any other as it is."""
    if isinstance(error, RequestValidationError):
        return Invalid(*field_errors(error.errors(), value))
    return error


def problem(error: Exception, instance: str, request_id: str) -> Problem:
    """Says nothing about an error that is a bug of ours, save where to find it in the log."""
    status = status_of(error)
    if not isinstance(error, PenstockError) or status == HTTPStatus.INTERNAL_SERVER_ERROR:
        text = "Something went wrong here. It was logged; try again, and report the requestId if it stays so."
        error = PenstockError(text, code="internal")
    return Problem(
        type=f"urn:penstock:problem:{error.reason}",
        title=status.phrase,
        status=status,
        detail=error.message,
        instance=instance,
        code=error.reason,
        error=Fault(message=error.message, details=_details(error)),
        request_id=request_id,
    )


def _details(error: PenstockError) -> list[FieldFault] | dict[str, Any]:
    if isinstance(error, Invalid):
        return [_fault(each) for each in error.errors]
    return error.details


def _fault(error: FieldError) -> FieldFault:
    return FieldFault(field=error.field, message=error.message)


def _challenge(code: str) -> str:
    """RFC 6750: where no token came, no error is named."""
    fault = "" if code == "token_missing" else f', error="invalid_token", error_description="{code}"'
    return f'Bearer realm="penstock"{fault}'


def respond(error: Exception, instance: str, request_id: str) -> Response[Any]:
    body = problem(error, instance, request_id)
    headers = {"Cache-Control": "no-store"}
    if body.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _challenge(body.code)
    if body.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return Response(body.status, MEDIA_TYPE, body.model_dump_json(by_alias=True), headers)
