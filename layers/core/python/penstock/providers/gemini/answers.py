"""What comes back: the body of an answer, its usage, its text, or the fate it stands for."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, Source
from penstock.domain.quota import Usage
from penstock.providers.transport.waits import OPERATOR_PAUSE

SHOWN = 200

FILTERED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "ESCALATION", "MODEL_ARMOR"}
    | {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}
)
CUT_OFF = frozenset({"MAX_TOKENS", "CONTINUATION"})
# The account is limited or disabled, for what was asked before.
DISABLED = "PUP_LIMITED_DISABLED"


class Shape(BaseModel):
    """Google leaves out what is empty or zero."""

    model_config = ConfigDict(alias_generator=to_camel, val_json_bytes="base64")


class Blob(Shape):
    mime_type: str = ""
    data: bytes = b""


class Part(Shape):
    """Of a thought where `thought` is set: what it has is not of the answer."""

    text: str | None = None
    thought: bool | None = None
    inline_data: Blob | None = None


class Content(Shape):
    parts: list[Part] | None = None


class Page(Shape):
    uri: str | None = None
    title: str | None = None


class Chunk(Shape):
    web: Page | None = None


class Grounding(Shape):
    web_search_queries: list[str] | None = None
    grounding_chunks: list[Chunk] | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Each page once, as it was first named."""
        named: dict[str, str] = {}
        for page in (chunk.web for chunk in self.grounding_chunks or ()):
            if page and page.uri and page.uri.startswith(("http:", "https:")):
                named.setdefault(page.uri, page.title or "")
        return tuple(Source(url=url, title=title) for url, title in named.items())

    @property
    def searches(self) -> int:
        """Google bills each different query; an answer with sources and no query has had one."""
        queries = {query for query in self.web_search_queries or () if query.strip()}
        return len(queries) or int(bool(self.grounding_chunks))


class Candidate(Shape):
    content: Content | None = None
    finish_reason: str | None = None
    grounding_metadata: Grounding | None = None

    @property
    def parts(self) -> list[Part]:
        parts = (self.content and self.content.parts) or []
        return [part for part in parts if not part.thought]

    @property
    def text(self) -> str:
        return "".join(part.text or "" for part in self.parts).strip()

    @property
    def blobs(self) -> list[Blob]:
        return [part.inline_data for part in self.parts if part.inline_data and part.inline_data.data]


class Feedback(Shape):
    block_reason: str | None = None


class Report(Shape):
    """Thoughts are billed as output; what a search read is billed as input, and neither is in the count of the
    prompt or of the candidates."""

    prompt_token_count: int = Field(ge=0)
    candidates_token_count: int | None = Field(None, ge=0)
    thoughts_token_count: int | None = Field(None, ge=0)
    tool_use_prompt_token_count: int | None = Field(None, ge=0)
    cached_content_token_count: int | None = Field(None, ge=0)
    total_token_count: int | None = None

    @property
    def used(self) -> Usage:
        read = self.prompt_token_count + (self.tool_use_prompt_token_count or 0)
        written = (self.candidates_token_count or 0) + (self.thoughts_token_count or 0)
        return Usage(
            input=read,
            output=max(written, (self.total_token_count or 0) - read),
            cached=min(self.cached_content_token_count or 0, self.prompt_token_count),
            calls=1,
        )


class Answer(Shape):
    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: Report | None = None

    @property
    def first(self) -> Candidate:
        return self.candidates[0] if self.candidates else Candidate()

    @property
    def blocked(self) -> str:
        """Why the prompt was, or empty."""
        return ((self.prompt_feedback and self.prompt_feedback.block_reason) or "")[:SHOWN]

    @property
    def used(self) -> Usage:
        """Not booked yet, and without pictures and speech: those are only billed where they came."""
        used = self.usage_metadata.used if self.usage_metadata else Usage(calls=1)
        found = self.first.grounding_metadata
        return used.model_copy(update={"searches": found.searches}) if found else used


def read(body: str, model: Model) -> Answer:
    """An answer that came to its end. Raises Refused for a blocked prompt, a filtered and a truncated answer, Transient
    for one that broke off, all with the usage that was billed; and Transient for what is no answer."""
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors())
        raise unreadable(faults[:SHOWN]) from None
    if answer.usage_metadata is None and not answer.blocked:
        raise unreadable("usageMetadata: Field required")
    if fate := _no_answer(answer):
        raise fate.having_used(model.booked(answer.used))
    return answer


def text(body: str, model: Model) -> Completion:
    """The text that was asked for, whole. Raises as `read`, and Transient for an answer without text."""
    answer = read(body, model)
    usage, written, found = model.booked(answer.used), answer.first.text, answer.first.grounding_metadata
    if not written:
        raise Transient("The model's answer is empty.", code="empty_answer").having_used(usage)
    return Completion(text=written, usage=usage, written_by="gemini", sources=found.sources if found else ())


def unreadable(fault: str) -> Transient:
    return Transient(f"The provider's answer cannot be read ({fault}).", code="unreadable_answer")


def _no_answer(answer: Answer) -> Fate | None:
    if answer.blocked:
        message = f"The provider's content filter refuses the prompt ({answer.blocked}): change what is asked for."
        return Refused(message, code="content_filter")
    if not answer.candidates:
        return Transient("The provider's answer is empty.", code="empty_answer")
    return _not_finished(answer.first.finish_reason or "", answer.used.output)


def _not_finished(reason: str, tokens: int) -> Fate | None:
    """Truncated is refused, not tried again: the same prompt meets the same limit, and each try is billed."""
    if reason in FILTERED:
        message = f"The provider's content filter stopped the answer ({reason}): change what is asked for."
        return Refused(message, code="content_filter")
    if reason in CUT_OFF:
        message = f"The answer was cut off at {tokens:,} tokens: ask for a shorter one, or choose another model."
        return Refused(message, code="truncated_answer")
    if reason == DISABLED:
        message = f"it has limited this account, see there why ({reason})"
        return Limited(message, retry_after=OPERATOR_PAUSE, operator=True)
    if reason != "STOP":
        message = f"The model stopped for the reason {reason[:SHOWN] or 'none'!r}, not at the end of its answer."
        return Transient(message, code="unfinished_answer")
    return None
