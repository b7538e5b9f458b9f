"""What a provider must be able to do."""

from typing import Protocol

from penstock.domain.models import Completion, Model, Prompt


class Writer(Protocol):
    """Writes text with a model, within `seconds`. No retries of its own: the engine decides what becomes of a failure.

    Raises Refused, Transient or Limited (`penstock.domain.errors`), nothing else, for anything the provider does.
    """

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion: ...
