"""Stands between an item's work and the models it asks: no call where the provider's breaker is open, the model is held
back by a 429, or the minute is full. What it refuses is Limited, and so no try of anybody's item."""

import random
from collections.abc import Callable
from typing import TypeVar

from penstock.domain import pace
from penstock.domain.errors import Contention, Limited, OutOfTime, Refused, Transient
from penstock.domain.models import OFFLINE, Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.writes import Refusal
from penstock.engine.circuit import Circuit
from penstock.engine.parts import Parts

R = TypeVar("R", Completion, Media)

# What was refused together does not come back together. Seconds; the engine pauses no job for LONGEST_REFUSAL.
MOST_JITTER, LONGEST_REFUSAL = 10.0, 60.0


class Guard:
    """As `parts.write` and `parts.make`. `seconds` are for the probe, too, that a call may have to make first."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def write(self, model_id: str, prompt: Prompt, seconds: float) -> Completion:
        return self._guarded(model_id, prompt, seconds, lambda left: self._parts.write(model_id, prompt, left))

    def make(self, model_id: str, prompt: MediaPrompt, seconds: float) -> Media:
        return self._guarded(model_id, prompt, seconds, lambda left: self._parts.make(model_id, prompt, left))

    def _guarded(self, model_id: str, prompt: Prompt | MediaPrompt, seconds: float, call: Callable[[float], R]) -> R:
        model = self._parts.models.find(model_id)
        provider = self._parts.models.answered_by(model) if model else None
        if model is None or provider in (None, OFFLINE):
            return call(seconds)  # nobody is asked; or whoever is says that there is no such model
        end = self._parts.clock() + seconds * 1000
        circuit = Circuit(self._parts, provider, model, lambda: (end - self._parts.clock()) / 1000)
        circuit.admits()
        _take(self._parts, model, prompt)
        left = circuit.seconds_left()
        if left <= 0:
            raise OutOfTime("The worker's time was over before the call could begin.")
        try:
            result = call(left)
        except (Transient, Limited) as fate:
            means = circuit.failed(fate) if isinstance(fate, Transient) else circuit.limited(fate)
            if means is fate:
                raise
            raise means.having_used(fate.usage) from fate
        except Refused:
            circuit.answered()
            raise
        circuit.answered()
        return result


def _take(parts: Parts, model: Model, prompt: Prompt | MediaPrompt) -> None:
    """A place in the model's minute. One whose call is never made, or uses less, is not given back."""
    if not pace.is_limited(model):
        return
    now = parts.clock()
    try:
        taken = parts.table.update(pace.takes(model, pace.tokens(prompt), now))
    except Contention as busy:
        raise Limited(f"the count of calls to {model.id} is too busy", retry_after=random.uniform(1, 5)) from busy
    if isinstance(taken, Refusal):
        wait = min(LONGEST_REFUSAL, pace.seconds_to_next(now) + random.uniform(0, MOST_JITTER))
        raise Limited(f"the limit set for {model.id} in a minute is reached", retry_after=wait)
