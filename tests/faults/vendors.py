"""Each provider that is called over HTTP: how its server limits, refuses and misbehaves, in its own words."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from penstock.providers.gemini import GeminiWriter
from penstock.providers.openai import OpenAIWriter
from tests import fake_gemini, fake_openai
from tests.fake_openai import Asked, FakeOpenAI, Reply, sends


@dataclass(frozen=True)
class Vendor:
    """`limited` is a 429 that names so many seconds (0: none); `operators` are what only whoever runs it can mend;
    `again` may be answered the next time, `never` would not, and is of that code."""

    name: str
    serving: Callable[[], AbstractContextManager[FakeOpenAI]]
    writer: Callable[[str, str], OpenAIWriter | GeminiWriter]
    written: Callable[[Asked], Reply]
    limited: Callable[[float], Reply]
    operators: Mapping[str, Reply]
    again: Mapping[str, Reply]
    never: Mapping[str, tuple[Reply, str]]

    @property
    def bad(self) -> dict[str, Reply]:
        return {**self.again, **{name: reply for name, (reply, _) in self.never.items()}}


# How any server fails. The first four say nothing for as long as one waits.
SILENT = (fake_openai.hangs, fake_openai.drips, fake_openai.drips_headers, fake_openai.drips_failing)
OF_ANY: dict[str, Reply] = {
    "hangs": fake_openai.hangs,
    "drips": fake_openai.drips,
    "drips headers": fake_openai.drips_headers,
    "drips a failure": fake_openai.drips_failing,
    "empty": sends(b""),
    "cut off": fake_openai.breaks_off,
    "broken json": sends(b'{"choices": [{"mess'),
    "html": fake_openai.page(),
    "hangs up": fake_openai.hangs_up,
    "floods": fake_openai.floods,
    "bad gateway": fake_openai.page(502),
}


def _limited_by_openai(seconds: float) -> Reply:
    headers = {"Retry_After": f"{seconds:.0f}"} if seconds else {}
    return fake_openai.refuses(429, code="rate_limit_exceeded", **headers)


def _limited_by_google(seconds: float) -> Reply:
    details = [fake_gemini.wait(f"{seconds}s")] if seconds else []
    return fake_gemini.refuses(429, "Resource has been exhausted.", "RESOURCE_EXHAUSTED", *details)


OPENAI = Vendor(
    name="openai",
    serving=fake_openai.serving,
    writer=OpenAIWriter,
    written=fake_openai.written,
    limited=_limited_by_openai,
    operators={
        "key": fake_openai.refuses(401, code="invalid_api_key"),
        "credit": fake_openai.refuses(429, code="insufficient_quota"),
        "address": fake_openai.page(404),
    },
    again={
        **OF_ANY,
        "no text": fake_openai.Told(""),
        "no usage": fake_openai.Told(drop="usage"),
        "fails": fake_openai.refuses(500),
    },
    never={
        "refusal": (fake_openai.Told(None, refusal="I cannot help with that."), "refused_by_model"),
        "filtered": (fake_openai.Told("Half", finish="content_filter"), "content_filter"),
        "truncated": (fake_openai.Told("Half an article", finish="length"), "truncated_answer"),
    },
)
GEMINI = Vendor(
    name="gemini",
    serving=fake_gemini.serving,
    writer=GeminiWriter,
    written=fake_gemini.written,
    limited=_limited_by_google,
    operators={"key": fake_gemini.WRONG_KEY, "credit": fake_gemini.NO_CREDIT, "address": fake_openai.page(404)},
    again={
        **OF_ANY,
        "no text": fake_gemini.Told(""),
        "no candidates": fake_gemini.Told(drop="candidates"),
        "no usage": fake_gemini.Told(drop="usageMetadata"),
        "gives up": fake_gemini.Told(None, finish="OTHER"),
        "fails": fake_gemini.refuses(500, "An internal error has occurred.", "INTERNAL"),
        "overloaded": fake_gemini.refuses(503, "The model is overloaded.", "UNAVAILABLE"),
    },
    never={
        "refusal": (fake_gemini.blocks("PROHIBITED_CONTENT"), "content_filter"),
        "filtered": (fake_gemini.Told("Half", finish="SAFETY"), "content_filter"),
        "truncated": (fake_gemini.Told("Half an article", finish="MAX_TOKENS"), "truncated_answer"),
    },
)
VENDORS = {vendor.name: vendor for vendor in (OPENAI, GEMINI)}
