"""Answers in the wire format of POST /v1/responses, with searches and citations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_openai import Connection, sends

TEXT = "A pip is the last decimal of a price ([Pips](https://a.example/pips?utm_source=openai))."
PAGES = (("https://a.example/pips?utm_source=openai", "Pips"), ("https://b.example/?q=1&utm_source=openai", ""))
SEARCHED, OPENED = {"type": "search", "queries": ["pip forex"]}, {"type": "open_page", "url": PAGES[0][0]}


@dataclass(frozen=True)
class Found:
    """A response. `pages` are what its text cites, `actions` what the model did on the web; `more` goes before it all.
    `drop` names fields that are missing from it."""

    text: str | None = TEXT
    pages: tuple[tuple[str, str], ...] = PAGES
    actions: tuple[Mapping[str, Any], ...] = (SEARCHED, OPENED)
    refusal: str | None = None
    usage: Mapping[str, Any] | None = field(default_factory=lambda: usage(1000, 50))
    more: Mapping[str, Any] = field(default_factory=dict)
    drop: str = ""

    def __call__(self, connection: Connection) -> None:
        sends(self.body)(connection)

    @property
    def body(self) -> bytes:
        body = {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_800_000_000,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "model": "gpt-fake-2026-11-01",
            "output": list(self._output()),
            "usage": self.usage,
            **self.more,
        }
        body.pop(self.drop, None)
        return json.dumps(body).encode()

    def _output(self) -> Any:
        yield {"type": "reasoning", "id": "rs_1", "summary": [], "content": None}
        for number, action in enumerate(self.actions):
            yield {"type": "web_search_call", "id": f"ws_{number}", "status": "completed", "action": action}
        yield self._message([{"type": "output_text", "text": "Let me look.", "annotations": []}], phase="commentary")
        if self.refusal is not None:
            yield self._message([{"type": "refusal", "refusal": self.refusal}])
        if self.text is not None:
            cited = [
                {"type": "url_citation", "start_index": 0, "end_index": 9, "url": url, "title": title}
                for url, title in self.pages
            ]
            yield self._message([{"type": "output_text", "text": self.text, "annotations": cited, "logprobs": []}])

    @staticmethod
    def _message(content: list[dict[str, Any]], phase: str | None = "final_answer") -> dict[str, Any]:
        message = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
        return {**message, "content": content, "phase": phase}


def usage(input: int, output: int, **details: int) -> dict[str, Any]:
    told = {"cached_tokens": 0, "cache_write_tokens": 0, **details}
    thoughts = {"reasoning_tokens": 20}
    return {
        "input_tokens": input,
        "input_tokens_details": told,
        "output_tokens": output,
        "output_tokens_details": thoughts,
        "total_tokens": input + output,
    }


def incomplete(reason: str, text: str | None = "Half an") -> Found:
    return Found(text, pages=(), more={"status": "incomplete", "incomplete_details": {"reason": reason}})


def failed(code: str) -> Found:
    """An answer that began and did not come about."""
    return Found(None, usage=None, more={"status": "failed", "error": {"code": code, "message": "It broke."}})
