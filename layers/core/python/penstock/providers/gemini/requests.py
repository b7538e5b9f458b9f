"""What is asked: a prompt as the contents and the configuration of a generateContent."""

from typing import Any, NamedTuple

from penstock.domain.errors import Refused
from penstock.domain.models import Model
from penstock.domain.prompts import ImagePrompt, MediaPrompt, Prompt, SpeechPrompt
from penstock.providers.gemini import schemas

# Thoughts are billed as output and count within the same limit; every model that thinks knows this level, and every one
# that thinks before it draws the other.
THINKING, THINKING_OF_PICTURES = "LOW", "MINIMAL"
RATIOS = {"landscape": "3:2", "square": "1:1", "portrait": "2:3"}
# Where none is named; the newer models refuse a request without one.
VOICE = "Zephyr"
# The answer as it came; and the SDK makes no further paid call, where an answer was cut off or wants a function called.
ONE_CALL: dict[str, Any] = {
    "should_return_http_response": True,
    "automatic_continuation": False,
    "automatic_function_calling": {"disable": True},
}


class Asked(NamedTuple):
    """`config` has the fields of the SDK's GenerateContentConfig; `media` is that a file comes back."""

    contents: str
    config: dict[str, Any]
    media: bool = False


def text(model: Model, prompt: Prompt) -> Asked:
    """Raises Refused for a search that is to fill a schema: Gemini answers that without searching, or not at all."""
    if prompt.search and prompt.schema_ is not None:
        message = "Gemini cannot search and fill a schema in one call: ask for the text first, then for its shape."
        raise Refused(message, code="bad_request")
    config: dict[str, Any] = {**ONE_CALL, "max_output_tokens": prompt.max_output}
    if prompt.system:
        config["system_instruction"] = prompt.system
    if "reasoning" in model.features:
        config["thinking_config"] = {"thinking_level": THINKING}  # and no temperature, which is out of use for these
    elif prompt.temperature is not None:
        config["temperature"] = prompt.temperature
    if prompt.schema_ is not None:
        shape = {"response_mime_type": "application/json", "response_json_schema": schemas.known(prompt.schema_)}
        config |= shape
    if prompt.search:
        config["tools"] = [{"google_search": {}}]
    return Asked(prompt.user, config)


def media(model: Model, prompt: MediaPrompt) -> Asked:
    """Raises Refused for what the model does not make."""
    wanted = "image" if isinstance(prompt, ImagePrompt) else "speech"
    if wanted not in model.features:
        raise Refused(f"{model.id} makes no {wanted}: choose a model that does.", code="model_unavailable")
    made = _drawn(model, prompt) if isinstance(prompt, ImagePrompt) else _spoken(prompt)
    config = {**ONE_CALL, "max_output_tokens": model.output_limit, **made}
    return Asked(prompt.description if isinstance(prompt, ImagePrompt) else prompt.text, config, media=True)


def _drawn(model: Model, prompt: ImagePrompt) -> dict[str, Any]:
    thinking = {"thinking_config": {"thinking_level": THINKING_OF_PICTURES}} if "reasoning" in model.features else {}
    return {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": RATIOS[prompt.shape]}, **thinking}


def _spoken(prompt: SpeechPrompt) -> dict[str, Any]:
    voice = {"prebuilt_voice_config": {"voice_name": prompt.voice or VOICE}}
    return {"response_modalities": ["AUDIO"], "speech_config": {"voice_config": voice}}
