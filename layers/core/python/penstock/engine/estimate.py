"""What a request would cost, before anybody commits to it. Writes nothing but, for a new user, the account."""

from dataclasses import dataclass

from penstock.domain.account import can_pay
from penstock.domain.kind import BatchRequest, Cost, Kind, Plan
from penstock.domain.quota import Needs
from penstock.engine.parts import Identity, Parts
from penstock.engine.quota import open_account
from penstock.engine.submit import plan

# A ceiling counts every byte of a prompt as a token, and every answer at its limit; texts come to about a quarter.
USUAL_SHARE = 4
# Above this, ceilings are taken of evenly spaced lines and scaled up.
SAMPLE = 500


@dataclass(frozen=True)
class Estimate:
    """`low` is what such texts usually come to, `high` the sum of what the claims would reserve, as each line
    comes up. `fits`: the balance covers `low`; `fits_surely`: also `high`."""

    items: int
    warnings: tuple[str, ...]
    low: Needs
    high: Needs
    balance: Needs
    fits: bool
    fits_surely: bool


def estimate(parts: Parts, who: Identity, request: BatchRequest) -> Estimate:
    kind, planned = plan(parts, who, request)
    high = _total(parts, kind, planned, kind.ceiling)
    low = Needs(high.tokens // USUAL_SHARE, high.articles, high.cost // USUAL_SHARE)
    if kind.usual:
        low = _total(parts, kind, planned, kind.usual)
    account = open_account(parts, who)
    balance = account.model_dump()
    return Estimate(
        items=len(planned.inputs),
        warnings=planned.warnings,
        low=low,
        high=high,
        balance=Needs(account.tokens_remaining, account.articles_remaining),
        fits=can_pay(low).holds(balance),
        fits_surely=can_pay(high).holds(balance),
    )


def _total(parts: Parts, kind: Kind, planned: Plan, cost: Cost) -> Needs:
    """The sum over all lines and stages; of a long list from a sample."""
    step = -(-len(planned.inputs) // SAMPLE)
    sample = planned.inputs[::step]
    total = Needs()
    for line in sample:
        for stage in range(len(kind.stages)):
            total += cost(line, planned.settings, stage, parts.models)
    return _scaled(total, len(planned.inputs), len(sample))


def _scaled(total: Needs, lines: int, sampled: int) -> Needs:
    if lines == sampled:
        return total
    return Needs(*(-(-amount * lines // sampled) for amount in (total.tokens, total.articles, total.cost)))
