"""What work costs: usage as a provider reports it, and needs as an account is asked for them."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Needs:
    """A ceiling that a claim reserves, or an amount that a settle charges.

    `tokens` and `articles` come out of the account, `cost` (micro-dollars) out of the job's budget.
    """

    tokens: int = 0
    articles: int = 0
    cost: int = 0

    def __add__(self, other: "Needs") -> "Needs":
        return Needs(self.tokens + other.tokens, self.articles + other.articles, self.cost + other.cost)

    def __sub__(self, other: "Needs") -> "Needs":
        return Needs(self.tokens - other.tokens, self.articles - other.articles, self.cost - other.cost)

    def within(self, ceiling: "Needs") -> "Needs":
        """What may be charged: never more than was reserved. An excess is the caller's to log."""
        return Needs(
            min(self.tokens, ceiling.tokens), min(self.articles, ceiling.articles), min(self.cost, ceiling.cost)
        )


class Usage(BaseModel):
    """What calls used: tokens as the provider counts them (`cached` are part of `input`), cost in micro-dollars."""

    model_config = ConfigDict(frozen=True)

    input: int = 0
    output: int = 0
    cached: int = 0
    cost: int = 0
    calls: int = 0

    @property
    def tokens(self) -> int:
        return self.input + self.output

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            cost=self.cost + other.cost,
            calls=self.calls + other.calls,
        )
