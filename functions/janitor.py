"""Runs every minute and brings back what was lost: jobs that stand still, reservations that nobody holds."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from penstock import wiring
from penstock.engine.sweep import sweep


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """A schedule's event; answers how many jobs were looked at."""
    wiring.observe(context)
    return {"looked": sweep(wiring.parts(), lambda: context.get_remaining_time_in_millis() / 1000)}
