"""Calls for text whose answers are looked at before they are stored."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from penstock.domain.errors import Transient
from penstock.domain.prompts import Completion, Prompt
from penstock.domain.work import Work

Shape = TypeVar("Shape", bound=BaseModel)


class Unusable(Transient):
    """An answer that says nothing, or not in the form that was asked for: another one may."""


def answer(work: Work, prompt: Prompt) -> Completion:
    """Raises Unusable for one that says nothing."""
    completion = work.ask(prompt)
    text = completion.text.strip()
    if not text:
        raise Unusable(f"The model's answer for the {prompt.purpose} was empty.", code="empty_answer")
    return completion.model_copy(update={"text": text})


def answered(work: Work, prompt: Prompt, shape: type[Shape]) -> Shape:
    """Of the shape that the prompt asks for. Raises Unusable for any other."""
    try:
        return shape.model_validate_json(answer(work, prompt).text)
    except ValidationError as error:
        message = f"The model's {prompt.purpose} are not the JSON that was asked for."
        raise Unusable(message, code="malformed_answer") from error
