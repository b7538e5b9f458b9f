"""The models that can write, and the words of a call to one. Prices and ids live in the catalogue's data file, never
in code."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.quota import Usage


class Model(BaseModel):
    """One model of one provider. Prices in micro-dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    provider: str
    aliases: tuple[str, ...] = ()
    input_price: int = 0
    cached_price: int = 0
    output_price: int = 0
    context_limit: int
    output_limit: int
    features: tuple[str, ...] = ()
    retires: str | None = None

    def price(self, usage: Usage) -> int:
        """Micro-dollars, rounded up, so that the sum over many small calls is never understated."""
        fresh = usage.input - usage.cached
        total = fresh * self.input_price + usage.cached * self.cached_price + usage.output * self.output_price
        return -(-total // 1_000_000)


class Catalogue:
    """Looks models up by id or alias, case-insensitively. `available` are the providers that can be called here;
    `offline` says that the offline writer answers for every other."""

    def __init__(self, models: Iterable[Model], *, available: Collection[str] = (), offline: bool = False) -> None:
        self.models = tuple(models)
        self._available = frozenset(available)
        self.offline = offline
        self._names: dict[str, Model] = {}
        for model in self.models:
            for name in {each.casefold() for each in (model.id, *model.aliases)}:
                if name in self._names:
                    raise ValueError(
                        f"{name!r} names both {self._names[name].id} and {model.id}: take it from one of them"
                    )
                self._names[name] = model

    def find(self, name: str) -> Model | None:
        return self._names.get(name.strip().casefold())

    def answered_by(self, model: Model) -> str | None:
        """The provider that will write for `model` here: its own, `offline`, or None where nobody can."""
        if model.provider in self._available:
            return model.provider
        return "offline" if self.offline else None

    def first(self) -> Model | None:
        """The default: the first model whose own provider can be called, else the first that anybody answers for."""
        callable_models = [model for model in self.models if self.answered_by(model)]
        own = [model for model in callable_models if model.provider in self._available]
        return next(iter(own or callable_models), None)


@cache
def _schema_bytes(schema: type[BaseModel]) -> int:
    return len(str(schema.model_json_schema()).encode())


class Prompt(BaseModel):
    """One call for text. `schema_` asks for a JSON object of that pydantic model's shape.

    `purpose` names the step (`outline`, `content`, `metadata`); `facts` are the same wishes as the prose, as data
    (keyword, language, tone, length …): the offline writer and the tests read them, a provider never sees them.
    `max_output` is in tokens and is passed on to the provider: it is what makes a reservation a ceiling.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    purpose: str
    system: str
    user: str
    max_output: int
    temperature: float | None = None
    schema_: type[BaseModel] | None = None
    facts: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def ceiling(self) -> int:
        """The most tokens this call can use: no tokenizer makes more tokens than bytes."""
        schema = _schema_bytes(self.schema_) if self.schema_ else 0
        return len(self.system.encode()) + len(self.user.encode()) + schema + self.max_output


class Completion(BaseModel):
    """What a writer answered: `text` is what was asked for (JSON where the prompt had a schema)."""

    model_config = ConfigDict(frozen=True)

    text: str
    usage: Usage
    written_by: str
