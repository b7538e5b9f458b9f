"""Pictures: what is asked, and the file that comes back."""

import base64
import binascii
from typing import Any

from pydantic import BaseModel, Field

from penstock.domain.errors import Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import ImagePrompt, Media
from penstock.domain.quota import Usage
from penstock.providers.openai.answers import parsed, unreadable
from penstock.providers.transport import media_types

SIZES = {"landscape": "1536x1024", "square": "1024x1024", "portrait": "1024x1536"}
# `high` takes several times the tokens for what shows beside a text only when one looks for it; a JPEG of this
# compression is a fraction of a PNG, and every editor takes it.
LOOK = {"quality": "medium", "output_format": "jpeg", "output_compression": 90}


class Picture(BaseModel):
    b64_json: str | None = None
    url: str | None = None


class Report(BaseModel):
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)


class Answer(BaseModel):
    data: list[Picture] = Field(min_length=1)
    usage: Report | None = None


def fields(model: Model, prompt: ImagePrompt, vendor: bool) -> dict[str, Any]:
    """The body of the request. OpenAI's models know no `response_format`; other servers send an address without."""
    asked: dict[str, Any] = {"model": model.id, "prompt": prompt.description, "size": SIZES[prompt.shape]}
    return asked | (LOOK if vendor else {"response_format": "b64_json"})


def read(body: bytes, model: Model, prompt: ImagePrompt) -> Media:
    """Raises Transient for what is no picture, Refused for the mere address of one, both with what is billed."""
    answer = parsed(Answer, body)
    picture, usage = answer.data[0], _usage(answer.usage, model, prompt)
    if not picture.b64_json and picture.url:
        message = "The server gives a picture's address, not the picture: let it answer response_format b64_json."
        raise Refused(message, code="unreadable_answer").having_used(usage)
    if not picture.b64_json:
        raise Transient("The provider sends no picture.", code="empty_answer").having_used(usage)
    try:
        data = base64.b64decode(picture.b64_json, validate=True)
    except binascii.Error as error:
        raise unreadable(f"the picture is no base64: {error}").having_used(usage) from None
    media_type = media_types.of_picture(data)
    if media_type is None:
        raise unreadable("the picture is neither PNG nor JPEG nor WebP").having_used(usage)
    return Media(data=data, media_type=media_type, usage=usage, written_by="openai")


def _usage(told: Report | None, model: Model, prompt: ImagePrompt) -> Usage:
    """Who does not count tokens is taken to have used as many as it could: the cost is never understated."""
    if told is None:
        return prompt.most(model).model_copy(update={"calls": 1})
    return model.booked(Usage(input=told.input_tokens, output=told.output_tokens, images=1, calls=1))
