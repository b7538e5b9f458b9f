"""How an estimate looks outside."""

from pydantic import Field

from penstock.domain.quota import Needs
from penstock.engine.estimate import Estimate
from penstock.routes.replies import View, dollars


class AmountView(View):
    tokens: int
    articles: int
    cost: float = Field(description="US dollars.")
    cost_micros: int

    @classmethod
    def of(cls, needs: Needs) -> "AmountView":
        return cls(tokens=needs.tokens, articles=needs.articles, cost=dollars(needs.cost), cost_micros=needs.cost)


class BalanceView(View):
    tokens: int
    articles: int


class EstimateView(View):
    items: int
    warnings: tuple[str, ...] = Field(description="What would be left out, and what else to know.")
    low: AmountView = Field(description="What texts like these usually come to.")
    high: AmountView = Field(
        description="The most it can come to: the sum of what is reserved for each line as its turn comes, from "
        "a sample where there are many lines."
    )
    balance: BalanceView
    fits: bool = Field(description="The balance covers `low`.")
    fits_surely: bool = Field(description="The balance covers `high`, too.")

    @classmethod
    def of(cls, found: Estimate) -> "EstimateView":
        return cls(
            items=found.items,
            warnings=found.warnings,
            low=AmountView.of(found.low),
            high=AmountView.of(found.high),
            balance=BalanceView(tokens=found.balance.tokens, articles=found.balance.articles),
            fits=found.fits,
            fits_surely=found.fits_surely,
        )
