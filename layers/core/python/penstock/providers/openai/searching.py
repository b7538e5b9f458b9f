"""Text for which the model looks things up: OpenAI's Responses, which no other server speaks alike."""

import re
from typing import Any

from pydantic import BaseModel, Field

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import MOST_SEARCHES, Completion, Prompt, Source
from penstock.domain.quota import Usage
from penstock.providers.openai.answers import SHOWN, Details, billed, completion, parsed, unreadable
from penstock.providers.openai.requests import EFFORT, named

# OpenAI marks every address that it cites, in the text too.
MARK = re.compile(r"([?&])utm_source=openai(&|(?![\w%+-]|\.\w))")
FINISHED = {"completed": "stop", "max_output_tokens": "length"}


class Citation(BaseModel):
    type: str
    url: str = ""
    title: str | None = None


class Part(BaseModel):
    type: str
    text: str | None = None
    refusal: str | None = None
    annotations: list[Citation] | None = None


class Action(BaseModel):
    type: str


class Output(BaseModel):
    """A message, a thought or a search; a message of the phase `commentary` is not the answer."""

    type: str
    phase: str | None = None
    content: list[Part] | None = None
    action: Action | None = None


class Report(BaseModel):
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    input_tokens_details: Details | None = None


class Searches(BaseModel):
    num_requests: int = Field(ge=0)


class Tools(BaseModel):
    web_search: Searches | None = None


class Reason(BaseModel):
    reason: str | None = None


class Failure(BaseModel):
    code: str | None = None
    message: str = ""


class Answer(BaseModel):
    status: str
    output: list[Output]
    usage: Report | None = None
    tool_usage: Tools | None = None
    incomplete_details: Reason | None = None
    error: Failure | None = None

    @property
    def parts(self) -> list[Part]:
        messages = [each for each in self.output if each.type == "message" and each.phase != "commentary"]
        return [part for message in messages for part in message.content or ()]

    @property
    def searches(self) -> int:
        """Those that are billed: opening a page that was found is not."""
        if self.tool_usage and self.tool_usage.web_search:
            return self.tool_usage.web_search.num_requests
        calls = [each for each in self.output if each.type == "web_search_call"]
        return sum(call.action is None or call.action.type == "search" for call in calls)


def fields(model: Model, prompt: Prompt) -> dict[str, Any]:
    """The body of the request. OpenAI would keep the answer for a month if it were not told otherwise."""
    asked: dict[str, Any] = {
        "model": model.id,
        "input": prompt.user,
        "max_output_tokens": prompt.max_output,
        "tools": [{"type": "web_search"}],
        "max_tool_calls": MOST_SEARCHES,
        "store": False,
    }
    if prompt.system:
        asked["instructions"] = prompt.system
    if "reasoning" in model.features:
        asked["reasoning"] = {"effort": EFFORT}
    elif prompt.temperature is not None:
        asked["temperature"] = prompt.temperature
    if prompt.schema_ is not None:
        asked["text"] = {"format": {"type": "json_schema", **named(prompt.schema_)}}
    return asked


def read(body: bytes, model: Model) -> Completion:
    """As `answers.read`, with the pages that the answer cites."""
    answer = parsed(Answer, body)
    if answer.status in ("failed", "cancelled"):
        raise _of_failure(answer.error or Failure(code=answer.status)).having_used(_usage(answer, model))
    if answer.usage is None:
        raise unreadable("usage: Field required")
    why = answer.incomplete_details.reason if answer.incomplete_details else None
    finish = FINISHED.get(why or answer.status, why or answer.status)
    text = "".join(part.text or "" for part in answer.parts if part.type == "output_text")
    refusal = next((part.refusal for part in answer.parts if part.refusal), None)
    found = completion(unmarked(text), refusal, finish, _usage(answer, model))
    return found.model_copy(update={"sources": _sources(answer)})


def unmarked(text: str) -> str:
    """Without the mark in its addresses."""
    return MARK.sub(lambda mark: mark[1] if mark[2] else "", text)


def _usage(answer: Answer, model: Model) -> Usage:
    told = answer.usage
    if told is None:
        return Usage()
    return billed(model, told.input_tokens, told.output_tokens, told.input_tokens_details, answer.searches)


def _sources(answer: Answer) -> tuple[Source, ...]:
    """Each page once, in the order in which they are cited."""
    cited = [each for part in answer.parts for each in part.annotations or () if each.type == "url_citation"]
    pages: dict[str, Source] = {}
    for each in cited:
        url = unmarked(each.url)
        if url.startswith(("https://", "http://")):
            pages.setdefault(url, Source(url=url, title=(each.title or "").strip()))
    return tuple(pages.values())


def _of_failure(failure: Failure) -> Fate:
    """An answer that began and did not come about; HTTP says 200."""
    code = failure.code or "failed"
    if code == "rate_limit_exceeded":
        return Limited(f"its limit is reached ({code})")
    if code == "invalid_prompt" or "policy" in code:
        message = "The provider's content filter refuses the prompt: change the keyword, or what else it is made of."
        return Refused(message, code="content_filter")
    return Transient(f"The provider failed ({code}): {failure.message[:SHOWN]}", code="provider_failed")
