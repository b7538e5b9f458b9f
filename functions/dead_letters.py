"""Settles what the queues gave up on, so that no reservation and no job waits for a message that will not come."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from penstock import wiring
from penstock.domain.message import ItemMessage
from penstock.engine.claim import Done
from penstock.engine.dead_letters import bury


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An SQS event of a dead-letter queue. What cannot be settled yet, or is no item message, stays there: the alarm
    tells."""
    left = [record["messageId"] for record in event["Records"] if not _buried(record, context)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in left]}


def _buried(record: dict[str, Any], context: LambdaContext) -> bool:
    logger = wiring.observe(context)
    try:
        verdict = bury(wiring.parts(), ItemMessage.decode(record["body"]))
    except Exception:
        logger.exception("a dead letter could not be settled", message_id=record["messageId"])
        return False
    logger.warning("a dead letter", message_id=record["messageId"], verdict=verdict.why)
    return isinstance(verdict, Done)
