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
    """US dollars for a million tokens."""

    input: float
    cached_input: float
    output: float


class ModelView(View):
    id: str = Field(description="The exact model that is asked.")
    aliases: tuple[str, ...] = Field(description="Other names it is found by, whatever their case.")
    provider: str
    available: bool = Field(description="Its provider has a key here.")
    written_by: str | None = Field(description="Who answers for it here: its provider, `offline`, or null for nobody.")
    default: bool
    prices: PricesView
    features: tuple[str, ...]
    context_limit: int
    output_limit: int
    retires: str | None

    @classmethod
    def of(cls, model: Model, models: Catalogue) -> "ModelView":
        answers = models.answered_by(model)
        prices = (model.input_price, model.cached_price, model.output_price)
        return cls(
            id=model.id,
            aliases=model.aliases,
            provider=model.provider,
            available=answers == model.provider,
            written_by=answers,
            default=model == models.first(),
            prices=PricesView(**dict(zip(PricesView.model_fields, map(dollars, prices), strict=True))),
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
