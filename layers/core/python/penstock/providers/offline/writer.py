"""Answers every prompt with sample text that says what it is."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from penstock.domain.errors import Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, ImagePrompt, Media, MediaPrompt, Prompt
from penstock.domain.quota import Usage
from penstock.providers.offline import media
from penstock.providers.offline.answers import Answer, schema_of
from penstock.providers.offline.article import article, outline
from penstock.providers.offline.composer import Composer, escaped
from penstock.providers.offline.material import material, sentences

_BYTES_A_TOKEN = 4
_QUOTED = 160
_WRITE: Mapping[str, Callable[[Composer, Mapping[str, Any]], str]] = {
    "content": article,
    "repair": article,
    "outline": outline,
}


class OfflineWriter:
    """A Writer without network: the same prompt always gets the same text. It reads the prompt's `facts` (keyword,
    language, tone, fewest and most words, sections, outline, website) and `purpose`; one without gets a short answer.

    Usage is that of a real tokenizer, about; cost is what the model that was asked for would have cost.
    `latency` is in seconds per call.
    """

    def __init__(self, latency: float = 0.0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._latency, self._sleep = latency, sleep

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        """Raises Transient if the latency is longer than `seconds`, Refused for a schema it cannot fill."""
        self._wait(seconds)
        text = _cut(_text(prompt), prompt)
        usage = Usage(input=_input_tokens(prompt), output=min(_tokens(text), prompt.max_output), calls=1)
        return Completion(text=text, usage=model.booked(usage), written_by="offline")

    def make(self, model: Model, prompt: MediaPrompt, seconds: float) -> Media:
        """A pattern of colours, or a hum as long as the text would take. Raises Transient as `write`."""
        self._wait(seconds)
        seed = prompt.model_dump_json()
        if isinstance(prompt, ImagePrompt):
            data, media_type = media.picture(seed, prompt.shape), "image/png"
            used = Usage(input=_tokens(prompt.description), output=model.output_limit, images=1, calls=1)
        else:
            data, media_type = media.hum(seed, len(prompt.text)), "audio/wav"
            used = Usage(characters=len(prompt.text), calls=1)
        return Media(data=data, media_type=media_type, usage=model.booked(used), written_by="offline")

    def _wait(self, seconds: float) -> None:
        if self._latency:
            self._sleep(min(self._latency, seconds))
        if self._latency > seconds:
            raise Transient(f"The offline writer takes {self._latency:.0f} s, {seconds:.0f} s were left.")


def _text(prompt: Prompt) -> str:
    facts = {"language": "en", **prompt.facts}
    composer = Composer(_seed(prompt), facts["language"], str(facts.get("keyword") or _subject(prompt)))
    if prompt.schema_ is not None:
        return _json(prompt.schema_, composer, facts["language"])
    known = _WRITE.get(prompt.purpose) if "keyword" in facts else None
    return known(composer, facts) if known else _free(prompt, composer, facts)


def _seed(prompt: Prompt) -> str:
    """All that was wished, as one text; of a prompt without facts, its words."""
    wishes = prompt.facts or {"system": prompt.system, "user": prompt.user}
    return json.dumps([prompt.purpose, wishes], sort_keys=True, default=str)


def _json(shape: type[BaseModel], composer: Composer, language: str) -> str:
    answer = json.dumps(Answer(composer, material(language), schema_of(shape)).value(), ensure_ascii=False)
    try:
        shape.model_validate_json(answer)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, fault["loc"])) or "the whole" for fault in error.errors())
        message = f"The offline writer cannot fill {shape.__name__} ({where})."
        raise Refused(message, code="offline_schema") from error
    return answer


def _free(prompt: Prompt, composer: Composer, facts: Mapping[str, Any]) -> str:
    stock = material(facts["language"])
    quoted = " ".join(prompt.user.split())
    quoted = escaped(quoted[:_QUOTED] + ("…" if len(quoted) > _QUOTED else ""))
    patterns = sentences(facts["language"], facts.get("tone", ""))
    body = " ".join(composer.phrase(composer.pick(patterns)) for _ in range(composer.between(4, 6)))
    return f"> {stock.answer.replace('{full}', quoted)}\n\n{body}"


def _subject(prompt: Prompt) -> str:
    """The first words of a free prompt stand for its keyword."""
    return " ".join(prompt.user.split()[:4]) or prompt.purpose


def _cut(text: str, prompt: Prompt) -> str:
    """What fits into the prompt's `max_output`; JSON is left whole."""
    if prompt.schema_ is not None or _tokens(text) <= prompt.max_output:
        return text
    return text.encode()[: prompt.max_output * _BYTES_A_TOKEN].decode(errors="ignore")


def _input_tokens(prompt: Prompt) -> int:
    schema = _tokens(str(schema_of(prompt.schema_))) if prompt.schema_ else 0
    return _tokens(prompt.system) + _tokens(prompt.user) + schema


def _tokens(text: str) -> int:
    """Bytes, not characters, by four: plain Latin text gets 4 characters a token, Vietnamese about 3, Chinese 1.3, much
    as with the providers' tokenizers; and never more tokens than bytes."""
    return -(-len(text.encode()) // _BYTES_A_TOKEN)
