"""What comes back: the body of an answer as a completion, or as the fate it stands for."""

from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from penstock.domain.errors import Fate, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion
from penstock.domain.quota import Usage

SHOWN = 200
Shape = TypeVar("Shape", bound=BaseModel)


class Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class Choice(BaseModel):
    message: Message
    finish_reason: str | None = None


class Details(BaseModel):
    """Of the input: what the provider's cache held, and what it was given."""

    cached_tokens: int | None = Field(None, ge=0)
    cache_write_tokens: int | None = Field(None, ge=0)


class Report(BaseModel):
    """Thoughts are part of `completion_tokens`; servers that leave them out there still have them in the total."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    total_tokens: int = 0
    prompt_tokens_details: Details | None = None


class Answer(BaseModel):
    choices: list[Choice] = Field(min_length=1)
    usage: Report


def read(body: bytes, model: Model) -> Completion:
    """The text that was asked for, whole. Raises Refused for a refusal, a filtered and a truncated answer, Transient
    for an empty one, all with the usage that was billed; and Transient for what is no answer."""
    answer = parsed(Answer, body)
    choice, told = answer.choices[0], answer.usage
    output = max(told.completion_tokens, told.total_tokens - told.prompt_tokens)
    usage = billed(model, told.prompt_tokens, output, told.prompt_tokens_details)
    return completion(choice.message.content, choice.message.refusal, choice.finish_reason, usage)


def parsed(shape: type[Shape], body: bytes) -> Shape:
    """Raises Transient for a page, broken JSON and whatever else has not this shape."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors())
        raise unreadable(faults[:SHOWN]) from None


def unreadable(why: str) -> Transient:
    return Transient(f"The provider's answer cannot be read ({why}).", code="unreadable_answer")


def billed(model: Model, input: int, output: int, details: Details | None, searches: int = 0) -> Usage:
    """No more was cached or written than there was."""
    cached = min((details and details.cached_tokens) or 0, input)
    written = min((details and details.cache_write_tokens) or 0, input - cached)
    used = Usage(input=input, output=output, cached=cached, written=written, searches=searches, calls=1)
    return model.booked(used)


def completion(text: str | None, refusal: str | None, finish: str | None, usage: Usage) -> Completion:
    """The answer, or the fate that it stands for, with what it cost."""
    text = (text or "").strip()
    if fate := _no_answer(text, refusal, finish, usage.output):
        raise fate.having_used(usage)
    return Completion(text=text, usage=usage, written_by="openai")


def _no_answer(text: str, refusal: str | None, finish: str | None, tokens: int) -> Fate | None:
    """Truncated is refused, not tried again: the same prompt meets the same limit, and each try is billed."""
    if finish == "content_filter":
        message = "The provider's content filter stopped the answer: change the keyword or the wishes."
        return Refused(message, code="content_filter")
    if refusal:
        return Refused(f"The model refuses: {refusal[:SHOWN]}", code="refused_by_model")
    if finish == "length":
        message = f"The answer was cut off at {tokens:,} tokens: ask for a shorter one, or choose another model."
        return Refused(message, code="truncated_answer")
    if finish != "stop":
        message = f"The model stopped for the reason {finish!r}, not at the end of its answer."
        return Transient(message, code="unfinished_answer")
    return None if text else Transient("The model's answer is empty.", code="empty_answer")
