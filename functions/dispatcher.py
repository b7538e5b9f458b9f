"""Reads the table's stream: every change of a job, and every item that waits at a later stage, is followed up."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from penstock import wiring
from penstock.engine.follow import follow


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A stream event; answers which of its records must be read again. One that fails does not keep the others
    waiting."""
    logger = wiring.observe(context)
    failed = []
    for change in wiring.read_stream(event):
        try:
            follow(wiring.parts(), change)
        except Exception:
            logger.exception("a change could not be followed up", sequence=change.sequence)
            failed.append(change.sequence)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}
