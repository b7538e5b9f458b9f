"""The context in which a kind's stage works on one item: its input, its settings, and paid calls as stored steps."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from penstock.domain.errors import Fate, OutOfTime, Refused, Stopped
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.quota import Usage

T = TypeVar("T")
R = TypeVar("R", Completion, Media)

LEAST_SECONDS_FOR_A_CALL = 10.0
SLOW_STEP_SECONDS = 5.0


@dataclass(frozen=True)
class StoredStep:
    """A step's JSON value, the usage its calls caused, and who wrote it (empty where nobody was asked). `retry` is the
    retry of the job in which it was paid for: that of an earlier retry was booked when the item failed then."""

    value: Any
    usage: Usage
    written_by: str = ""
    retry: int = 0

    def encode(self) -> bytes:
        usage = self.usage.model_dump()
        record = {"value": self.value, "usage": usage, "written_by": self.written_by, "retry": self.retry}
        return json.dumps(record, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, body: bytes) -> "StoredStep":
        record = json.loads(body)
        return cls(record["value"], Usage.model_validate(record["usage"]), record["written_by"], record["retry"])


@dataclass(frozen=True)
class Effects:
    """What the engine hands to a Work. `call` asks a model for text and `make` for a picture or speech (id, prompt,
    seconds it may take); `save` puts such a file into the bucket under a name of its own, which it returns; `load` and
    `keep` are the step store, where `keep` returns the first result ever kept; `seconds_left` is until the worker must
    settle; `cancelled` looks at the job; `may_call` is false once the item's tries are used up: stored steps only."""

    call: Callable[[str, Prompt, float], Completion]
    make: Callable[[str, MediaPrompt, float], Media]
    save: Callable[[Media], str]
    load: Callable[[str], StoredStep | None]
    keep: Callable[[str, StoredStep], StoredStep]
    seconds_left: Callable[[], float]
    cancelled: Callable[[], bool]
    may_call: bool = True


@dataclass
class Work:
    """One item at one stage. `index` counts from 0. `usage` sums all steps, replayed ones too: what the user is
    charged for; `billed` leaves out what was booked before, and has the calls of a step that failed (`lost`)."""

    user: str
    job_id: str
    index: int
    total: int
    input: Mapping[str, Any]
    settings: Mapping[str, Any]
    effects: Effects
    retry: int = 0
    usage: Usage = field(default_factory=Usage)
    billed: Usage = field(default_factory=Usage)
    lost: Usage = field(default_factory=Usage)
    stored_anew: int = 0
    written_by: str = ""
    _step_usage: Usage | None = None
    _last_step_took: float = 0.0

    def text(self, prompt: Prompt) -> str:
        """As `ask`: the text alone."""
        return self.ask(prompt).text

    def ask(self, prompt: Prompt) -> Completion:
        """One paid call to the settings' model. Only inside `step`, so that it is never paid for twice."""
        completion = self._paid(lambda left: self.effects.call(str(self.settings["model"]), prompt, left))
        self.written_by = completion.written_by
        return completion

    def make(self, model: str, prompt: MediaPrompt) -> str:
        """A picture or speech by the model with this id: the name of its file in the bucket. A paid call, as `ask`."""
        return self.effects.save(self._paid(lambda left: self.effects.make(model, prompt, left)))

    def _paid(self, call: Callable[[float], R]) -> R:
        if self._step_usage is None:
            raise RuntimeError("a model is called outside Work.step: its result would not be stored")
        try:
            result = call(self.effects.seconds_left())
        except Fate as fate:
            self._step_usage += fate.usage  # a refusal, and an answer that breaks off, are billed too
            raise
        self._step_usage += result.usage
        return result

    def step(self, name: str, produce: Callable[[], T]) -> T:
        """The stored result of `name` or, the first time, what `produce` makes, stored before anything follows.

        The value must survive JSON unchanged. Raises Stopped (job cancelled), OutOfTime (too little time for a call),
        Refused (tries used up).
        """
        step = self.effects.load(name) or self._produce(name, produce)
        self.usage += step.usage
        if step.retry == self.retry:
            self.billed += step.usage
        self.written_by = step.written_by or self.written_by
        return cast("T", step.value)

    def _produce(self, name: str, produce: Callable[[], T]) -> StoredStep:
        self._guard(name)
        self._step_usage, before = Usage(), self.effects.seconds_left()
        try:
            value = produce()
            step = self.effects.keep(name, StoredStep(value, self._step_usage, self.written_by, self.retry))
        except Exception:
            self.billed += self._step_usage
            self.lost += self._step_usage
            raise
        finally:
            self._step_usage = None
        self._last_step_took = before - self.effects.seconds_left()
        self.stored_anew += 1
        return step

    def _guard(self, name: str) -> None:
        if not self.effects.may_call:
            raise Refused(
                f"All tries of this item are used up before its step {name!r} was stored.", code="tries_used_up"
            )
        if self.effects.seconds_left() < LEAST_SECONDS_FOR_A_CALL:
            raise OutOfTime(f"Too little time is left in this worker for step {name!r}.")
        if self._last_step_took > SLOW_STEP_SECONDS and self.effects.cancelled():
            raise Stopped("The job was cancelled.")
