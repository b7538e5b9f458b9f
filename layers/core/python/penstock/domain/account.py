"""The account record: a user's free balance. What is reserved is the sum over running items, never stored twice."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.conditions import Condition, at_least, less
from penstock.domain.quota import Needs


def can_pay(needs: Needs) -> Condition:
    return at_least("tokens_remaining", needs.tokens) & at_least("articles_remaining", needs.articles)


def short_of(needs: Needs) -> Condition:
    """SHORT(n), the exact opposite of `can_pay` for an account that exists."""
    return less("tokens_remaining", needs.tokens) | less("articles_remaining", needs.articles)


class Account(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    user: str
    username: str = ""
    plan: str
    tokens_remaining: int
    articles_remaining: int
    tokens_granted: int
    articles_granted: int
    tokens_used: int = 0
    articles_used: int = 0
    items_done: int = 0
    items_failed: int = 0
    cost: int = 0
    created_at: int
    version: int = 1

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "Account":
        return cls.model_validate(image)
