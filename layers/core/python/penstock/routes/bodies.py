"""Bodies: of a new job, the kind's own model, chosen by `job_type`; of a change, what it names."""

from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_
from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from penstock.domain.errors import FieldError, Invalid
from penstock.domain.kind import BatchRequest, Closed, Kinds
from penstock.routes.fields import invalid

DEFAULT_KIND = "batch_keywords"
_NAMES = ("jobType", "job_type")


def parse_request(kinds: Kinds, body: Mapping[str, Any]) -> BatchRequest:
    """Raises Invalid, naming each field at fault as it was sent."""
    name, asked = next(((name, body[name]) for name in _NAMES if name in body), ("jobType", DEFAULT_KIND))
    if not isinstance(asked, str) or asked not in kinds:
        raise Invalid(FieldError(name, f"must be one of {', '.join(kinds.names)}."))
    try:
        request = kinds[asked].request.model_validate(body if name in body else {"job_type": asked, **body})
    except ValidationError as error:
        raise invalid(error, body) from error
    return request


def changes(body: Closed, nullable: Collection[str]) -> dict[str, Any]:
    """What a PATCH names, by the model's field names. Raises Invalid for a null where a field must have a value."""
    named = body.model_dump(exclude_unset=True)
    fields = type(body).model_fields
    empty = [fields[name].alias or name for name, value in named.items() if value is None and name not in nullable]
    if empty:
        raise Invalid(*(FieldError(name, "cannot be null: leave it out to keep it.") for name in empty))
    return named


class AnyRequest:
    """An annotation under which any JSON object passes, described as the union of the kinds' models: `parse_request`
    then says what is wrong in the client's own words, with one model tried instead of all."""

    def __init__(self, kinds: Kinds) -> None:
        self._models: list[Any] = [kind.request for kind in kinds]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        described = handler.generate_schema(reduce(or_, self._models)) if self._models else core_schema.dict_schema()
        return core_schema.no_info_wrap_validator_function(_as_it_is, described)


def _as_it_is(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:  # noqa: ARG001 - `parse_request` validates
    return value
