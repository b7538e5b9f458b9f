"""The models that can write."""

from typing import Any

from aws_lambda_powertools.event_handler import Request, Response
from pydantic import Field

from penstock.domain.models import Catalogue, Model
from penstock.engine.parts import Parts
from penstock.routes.calls import who
from penstock.routes.replies import One, View, dollars, reply
from penstock.routes.resolver import Endpoint


class PricesView(View):
    """US dollars: for a million tokens, for one picture (where its tokens have no price), for a million characters of
    speech, for one search."""

    input: float
    cached_input: float
    cache_write: float
    output: float
    image: float
    characters: float
    search: float

    @classmethod
    def of(cls, model: Model) -> "PricesView":
        writing = model.input_price if model.cache_write_price is None else model.cache_write_price
        return cls(
            input=dollars(model.input_price),
            cached_input=dollars(model.cached_price),
            cache_write=dollars(writing),
            output=dollars(model.output_price),
            image=dollars(model.image_price),
            characters=dollars(model.character_price),
            search=dollars(model.search_price),
        )


class EquivalentsView(View):
    """Tokens of your account: for one picture, for a thousand characters of speech, for one search."""

    image: int
    characters: int
    search: int


class ModelView(View):
    id: str = Field(description="The exact model that is asked.")
    aliases: tuple[str, ...] = Field(description="Other names it is found by, whatever their case.")
    provider: str
    available: bool = Field(description="Its provider has a key here.")
    written_by: str | None = Field(description="Who answers for it here: its provider, `offline`, or null for nobody.")
    default: bool = Field(description="It writes where no model is named.")
    prices: PricesView
    counts_as: EquivalentsView
    features: tuple[str, ...] = Field(description="text, json, reasoning, search; image; speech.")
    context_limit: int
    output_limit: int
    retires: str | None

    @classmethod
    def of(cls, model: Model, models: Catalogue) -> "ModelView":
        answers = models.answered_by(model)
        return cls(
            id=model.id,
            aliases=model.aliases,
            provider=model.provider,
            available=answers == model.provider,
            written_by=answers,
            default=model == models.first(),
            prices=PricesView.of(model),
            counts_as=EquivalentsView(
                image=model.image_tokens, characters=model.character_tokens, search=model.search_tokens
            ),
            features=model.features,
            context_limit=model.context_limit,
            output_limit=model.output_limit,
            retires=model.retires,
        )


class ModelRoutes:
    def __init__(self, parts: Parts) -> None:
        self._models = parts.models

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (Endpoint("GET", "/api/models", self.list_models, "Models", One[list[ModelView]]),)

    def list_models(self, request: Request) -> Response[Any]:
        """The models that can be asked for, with prices."""
        who(request)
        return reply(One(data=[ModelView.of(model, self._models) for model in self._models.models]))
