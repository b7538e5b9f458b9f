"""What comes back: the body of an answer as a completion, or as the fate it stands for."""

from pydantic import BaseModel, Field, ValidationError

from penstock.domain.errors import Fate, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion
from penstock.domain.quota import Usage

SHOWN = 200


class Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class Choice(BaseModel):
    message: Message
    finish_reason: str | None = None


class Details(BaseModel):
    cached_tokens: int | None = Field(None, ge=0)


class Report(BaseModel):
    """Thoughts are part of `completion_tokens`; servers that leave them out there still have them in the total."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    total_tokens: int = 0
    prompt_tokens_details: Details | None = None

    def usage(self, model: Model) -> Usage:
        cached = (self.prompt_tokens_details and self.prompt_tokens_details.cached_tokens) or 0
        used = Usage(
            input=self.prompt_tokens,
            output=max(self.completion_tokens, self.total_tokens - self.prompt_tokens),
            cached=min(cached, self.prompt_tokens),
            calls=1,
        )
        return model.booked(used)


class Answer(BaseModel):
    choices: list[Choice] = Field(min_length=1)
    usage: Report


def read(body: bytes, model: Model) -> Completion:
    """The text that was asked for, whole. Raises Refused for a refusal, a filtered and a truncated answer, Transient
    for an empty one, all with the usage that was billed; and Transient for what is no answer."""
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors())
        message = f"The provider's answer cannot be read ({faults[:SHOWN]})."
        raise Transient(message, code="unreadable_answer") from None
    choice, usage = answer.choices[0], answer.usage.usage(model)
    text = (choice.message.content or "").strip()
    if fate := _no_answer(choice, text, usage.output):
        raise fate.having_used(usage)
    return Completion(text=text, usage=usage, written_by="openai")


def _no_answer(choice: Choice, text: str, tokens: int) -> Fate | None:
    """Truncated is refused, not tried again: the same prompt meets the same limit, and each try is billed."""
    if choice.finish_reason == "content_filter":
        message = "The provider's content filter stopped the answer: change the keyword or the wishes."
        return Refused(message, code="content_filter")
    if choice.message.refusal:
        return Refused(f"The model refuses: {choice.message.refusal[:SHOWN]}", code="refused_by_model")
    if choice.finish_reason == "length":
        message = f"The answer was cut off at {tokens:,} tokens: ask for a shorter one, or choose another model."
        return Refused(message, code="truncated_answer")
    if choice.finish_reason != "stop":
        message = f"The model stopped for the reason {choice.finish_reason!r}, not at the end of its answer."
        return Transient(message, code="unfinished_answer")
    return None if text else Transient("The model's answer is empty.", code="empty_answer")
