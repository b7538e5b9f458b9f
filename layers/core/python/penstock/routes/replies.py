"""The shapes around every successful answer, and the making of HTTP responses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")

MOST_PER_PAGE = 100
MICRO = 1_000_000

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1.")]
PageSize = Annotated[int, Query(ge=1, le=MOST_PER_PAGE, description="How many to a page, at most 100.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`pagination.next` of the answer before.")]


class View(BaseModel):
    """Part of an answer: camelCase outside."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class One(View, Generic[T]):
    success: Literal[True] = True
    data: T


class Pagination(View):
    page: int
    limit: int
    total: int
    total_pages: int


class Many(View, Generic[T]):
    success: Literal[True] = True
    data: list[T]
    pagination: Pagination


class Onward(View):
    limit: int
    next: str | None = Field(description="Send it as `cursor` for what follows; null at the end.")


class Stretch(View, Generic[T]):
    """A part of a long list that is read from front to back."""

    success: Literal[True] = True
    data: list[T]
    pagination: Onward


def reply(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    text = body.model_dump_json(by_alias=True)
    return Response(status, "application/json", text, {"Cache-Control": "no-store", **(headers or {})})


def empty(status: int = 204, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return Response(status, None, "", dict(headers or {}))


def page_of(total: int, page: int, limit: int) -> Pagination:
    return Pagination(page=page, limit=limit, total=total, total_pages=-(-total // limit))


def etag(version: int) -> str:
    return f'"{version}"'


def moment(milliseconds: int | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    if milliseconds is None:
        return None
    time = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def dollars(micros: int) -> float:
    return micros / MICRO
