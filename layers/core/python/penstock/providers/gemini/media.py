"""Pictures and speech as they come back, in files that people can open."""

import re
from collections.abc import Sequence

from penstock.domain.errors import Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Media
from penstock.domain.quota import Usage
from penstock.providers.gemini import answers
from penstock.providers.gemini.answers import Blob
from penstock.providers.transport import media_types
from penstock.providers.wav import wav

# Raw samples: 16 bits, the low byte first, as `audio/L16;codec=pcm;rate=24000`.
SAMPLES = re.compile(r"audio/(l16|pcm)\b", re.I)
RATE = re.compile(r"\brate=(\d{4,5})\b", re.I)
USUAL_RATE = 24_000


def picture(body: str, model: Model) -> Media:
    """The last picture: those before it are drafts. Raises as `answers.read`, and Transient where there is none."""
    answer = answers.read(body, model)
    blob = _some(answer.first.blobs, model.booked(answer.used))[-1]
    used = model.booked(answer.used.model_copy(update={"images": 1}))
    return _file(blob, media_types.of_picture(blob.data), used)


def speech(body: str, model: Model, characters: int) -> Media:
    """What was spoken, as WAV where only samples came; `characters` were asked for. Raises as `picture`."""
    answer = answers.read(body, model)
    blobs = _some(answer.first.blobs, model.booked(answer.used))
    used = model.booked(answer.used.model_copy(update={"characters": characters}))
    if not SAMPLES.match(blobs[0].mime_type):
        return _file(blobs[0], media_types.of_sound(blobs[0].data), used)
    rate = RATE.search(blobs[0].mime_type)
    data = wav(b"".join(each.data for each in blobs), int(rate[1]) if rate else USUAL_RATE, width=2)
    return Media(data=data, media_type="audio/wav", usage=used, written_by="gemini")


def _some(blobs: Sequence[Blob], usage: Usage) -> Sequence[Blob]:
    if not blobs:
        raise Transient("The model's answer has no file in it.", code="empty_answer").having_used(usage)
    return blobs


def _file(blob: Blob, media_type: str | None, usage: Usage) -> Media:
    """`media_type` is what the file is; what it is said to be may be wrong."""
    if media_type is None:
        said = blob.mime_type[: answers.SHOWN] or "none"
        raise answers.unreadable(f"inlineData: no file that is known, of the type {said}").having_used(usage)
    return Media(data=blob.data, media_type=media_type, usage=usage, written_by="gemini")
