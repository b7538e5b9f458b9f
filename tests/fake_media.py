"""Answers in the wire formats of POST /v1/images/generations and POST /v1/audio/speech."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.models import Model
from penstock.domain.prompts import ImagePrompt, SpeechPrompt
from penstock.providers.offline import media
from tests.fake_openai import Asked, Connection, Reply, sends, written
from tests.fake_responses import Found

PAINTER = Model(
    id="image-fake",
    provider="openai",
    input_price=5_000_000,
    output_price=40_000_000,
    image_tokens=4_000,
    context_limit=32_000,
    output_limit=6_000,
    features=("image",),
)
SPEAKER = Model(
    id="speech-fake",
    provider="openai",
    character_price=15_000_000,
    character_tokens=1_500,
    context_limit=2_000,
    output_limit=16_000,
    features=("speech",),
)
IMAGE = ImagePrompt(purpose="image-1", description="A lighthouse at dawn.")
SPEECH = SpeechPrompt(purpose="audio", text="Once upon a time.")
PNG = media.picture("lighthouse", "landscape")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + PNG  # as far as its first bytes tell
MP3 = b"\xff\xf3\x84\xc4" + b"\x00" * 412


@dataclass(frozen=True)
class Drawn:
    """One picture, in base64. `fields` take the place of its own."""

    data: bytes = JPEG
    usage: Mapping[str, Any] | None = field(default_factory=lambda: usage(20, 1500))
    fields: Mapping[str, Any] | None = None

    def __call__(self, connection: Connection) -> None:
        picture = {"b64_json": base64.b64encode(self.data).decode()} if self.fields is None else self.fields
        body = {"created": 1_800_000_000, "data": [picture], "size": "1536x1024"}
        sends(json.dumps(body if self.usage is None else {**body, "usage": self.usage}).encode())(connection)


def usage(input: int, output: int) -> dict[str, Any]:
    details = {"text_tokens": input, "image_tokens": 0}
    return {
        "input_tokens": input,
        "input_tokens_details": details,
        "output_tokens": output,
        "total_tokens": input + output,
    }


def spoken(data: bytes = MP3, content_type: str = "audio/mpeg") -> Reply:
    return sends(data, content_type=content_type)


def made(asked: Asked) -> Reply:
    """What works, at every address that the writer knows."""
    by_path: dict[str, Reply] = {
        "/v1/responses": Found(),
        "/v1/images/generations": Drawn(),
        "/v1/audio/speech": spoken(),
    }
    return by_path.get(asked.path) or written(asked)
