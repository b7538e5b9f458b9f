"""Takes item messages, works on each, settles it. A failure is reported to the queue, never raised."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from penstock import wiring
from penstock.domain.message import ItemMessage
from penstock.engine.claim import Done, Later
from penstock.engine.work import work

# After an error that nobody foresaw: long enough to calm down, far shorter than the visibility timeout. Seconds.
AFTER_AN_ERROR = 30.0


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An SQS event; answers which of its messages come back."""
    late = [record["messageId"] for record in event["Records"] if not _delivered(record, context)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in late]}


def _delivered(record: dict[str, Any], context: LambdaContext) -> bool:
    verdict = _verdict(record, context)
    if isinstance(verdict, Later) and verdict.seconds is not None:
        _return(record, verdict.seconds, context)
    return isinstance(verdict, Done)


def _return(record: dict[str, Any], seconds: float, context: LambdaContext) -> None:
    """If even this fails, the visibility timeout brings the message back."""
    logger = wiring.observe(context)
    try:
        wiring.parts().queues.return_later(record["eventSourceARN"], record["receiptHandle"], seconds)
    except Exception:
        logger.exception("a message could not be returned", message_id=record["messageId"])


def _verdict(record: dict[str, Any], context: LambdaContext) -> Done | Later:
    """A body that is no item message goes through its receives at once, to the dead letters and their alarm."""
    logger = wiring.observe(context)
    try:
        message = ItemMessage.decode(record["body"])
        return work(wiring.parts(), message, lambda: context.get_remaining_time_in_millis() / 1000)
    except ValidationError:
        logger.exception("not an item message", message_id=record["messageId"])
        return Later(0.0, "not an item message")
    except Exception:
        logger.exception("an error outside the work of an item", message_id=record["messageId"])
        return Later(AFTER_AN_ERROR, "an error outside the work of an item")
