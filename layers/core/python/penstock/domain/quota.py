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
    """What calls used: tokens as the provider counts them (`cached` and `written`, which a provider's cache held or was
    given, are part of `input`), images, characters spoken, searches; `extra` are the tokens that those three count for
    in an account; cost in micro-dollars."""

    model_config = ConfigDict(frozen=True)

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    images: int = 0
    characters: int = 0
    searches: int = 0
    extra: int = 0
    cost: int = 0
    calls: int = 0

    @property
    def tokens(self) -> int:
        return self.input + self.output + self.extra

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})
