"""What a provider must be able to do."""

from typing import Protocol

from penstock.domain.models import Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt


class Writer(Protocol):
    """Writes text with a model, or makes a picture or speech, within `seconds`. No retries of its own: the engine
    decides what becomes of a failure. Usage is as `Model.booked` has it.

    Raises Refused, Transient or Limited (`penstock.domain.errors`), nothing else, for anything the provider does; and
    Refused with the code `model_unavailable` for what it cannot make.
    """

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion: ...

    def make(self, model: Model, prompt: MediaPrompt, seconds: float, /) -> Media: ...
