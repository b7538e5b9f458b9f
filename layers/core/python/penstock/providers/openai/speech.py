"""Speech: what is asked, and the sound that comes back."""

from typing import Any

from penstock.domain.errors import Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Media, SpeechPrompt
from penstock.domain.quota import Usage
from penstock.providers.openai.answers import unreadable
from penstock.providers.transport import media_types

# The first of OpenAI's; other servers map it to one of their own.
VOICE = "alloy"
# Of one call to OpenAI. Its newest models stop at 2,000 tokens besides, which only they can count.
MOST_CHARACTERS = 4096


def fields(model: Model, prompt: SpeechPrompt, vendor: bool) -> dict[str, Any]:
    """The body of the request. Raises Refused for a text that OpenAI would refuse, before anything is sent."""
    if vendor and len(prompt.text) > MOST_CHARACTERS:
        message = f"The text has {len(prompt.text):,} characters, {MOST_CHARACTERS:,} can be spoken: shorten it."
        raise Refused(message, code="prompt_too_long")
    return {"model": model.id, "input": prompt.text, "voice": prompt.voice or VOICE, "response_format": "mp3"}


def read(body: bytes, model: Model, prompt: SpeechPrompt) -> Media:
    """Raises Transient for what is no sound. No usage comes with one: characters are billed."""
    usage = model.booked(Usage(characters=len(prompt.text), calls=1))
    if not body:
        raise Transient("The provider sends no speech.", code="empty_answer")
    media_type = media_types.of_sound(body)
    if media_type is None:
        raise unreadable("it is neither MP3 nor WAV nor Ogg nor FLAC")
    return Media(data=body, media_type=media_type, usage=usage, written_by="openai")
