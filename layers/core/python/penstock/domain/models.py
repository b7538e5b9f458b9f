"""The models that can be called. Prices and ids live in the catalogue's data file, never in code."""

from collections.abc import Collection, Iterable

from pydantic import BaseModel, ConfigDict

from penstock.domain.quota import Usage

# Who answers without asking anybody.
OFFLINE = "offline"


class Model(BaseModel):
    """One model of one provider. Prices in micro-dollars: of tokens and characters for a million, of images and
    searches for one. `cache_write_price` is that of `input` where it is left out.

    `image_tokens`, `character_tokens` (for a thousand) and `search_tokens` are what an image, speech and a search count
    for in an account; `search_reads` is the most that one search adds to the input. `requests_per_minute` and
    `tokens_per_minute` limit what all workers ask of it together; 0 is no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    provider: str
    aliases: tuple[str, ...] = ()
    input_price: int = 0
    cached_price: int = 0
    cache_write_price: int | None = None
    output_price: int = 0
    image_price: int = 0
    character_price: int = 0
    search_price: int = 0
    image_tokens: int = 0
    character_tokens: int = 0
    search_tokens: int = 0
    search_reads: int = 0
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    context_limit: int
    output_limit: int
    features: tuple[str, ...] = ("text",)
    retires: str | None = None

    def price(self, usage: Usage) -> int:
        """Micro-dollars, rounded up, so that the sum over many small calls is never understated."""
        writing = self.input_price if self.cache_write_price is None else self.cache_write_price
        fresh = usage.input - usage.cached - usage.written
        total = fresh * self.input_price + usage.cached * self.cached_price + usage.written * writing
        total += usage.output * self.output_price + usage.characters * self.character_price
        each = usage.images * self.image_price + usage.searches * self.search_price
        return -(-total // 1_000_000) + each

    def booked(self, used: Usage) -> Usage:
        """What a provider reports, with its cost and what it counts for. Of images and speech the account sees what
        they count for in place of the provider's tokens, of which there are as many as it likes."""
        spoken = -(-used.characters * self.character_tokens // 1_000)
        extra = used.images * self.image_tokens + spoken + used.searches * self.search_tokens
        tokens = dict.fromkeys(("input", "output", "cached", "written"), 0) if used.images or used.characters else {}
        return used.model_copy(update={**tokens, "extra": extra, "cost": self.price(used)})


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
        return OFFLINE if self.offline else None

    def able(self, feature: str) -> list[Model]:
        """The models that have `feature` and that somebody answers for here."""
        return [model for model in self.models if feature in model.features and self.answered_by(model)]

    def first(self, feature: str = "text", provider: str | None = None) -> Model | None:
        """The default: the first model of `provider`, else the first whose own provider can be called, else the first
        that anybody answers for."""
        able = self.able(feature)
        own = [model for model in able if model.provider in self._available]
        of_provider = [model for model in own or able if model.provider == provider]
        return next(iter(of_provider or own or able), None)
