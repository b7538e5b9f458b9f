"""What AWS answers when it is busy, or broken: in the shape of its real answers, and then, or not, as if nothing had
been."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.faults.saboteur import Pending, Saboteur

Answer = Callable[[Pending], Any]
_FAILED = {"HTTPStatusCode": 500, "HTTPHeaders": {}}


def error(pending: Pending, code: str, status: int = 400, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, pending.name)


def refuses(code: str, status: int = 400) -> Answer:
    def answer(pending: Pending) -> Any:
        raise error(pending, code, status)

    return answer


def cancels(code: str, others: str = "None") -> Answer:
    """A transaction, because of its last write; `others` is what is said of the rest."""

    def answer(pending: Pending) -> Any:
        rest = [{"Code": others}] * (len(pending.request["TransactItems"]) - 1)
        raise error(pending, "TransactionCanceledException", CancellationReasons=[*rest, {"Code": code}])

    return answer


def leaves_out(pending: Pending) -> Any:
    """A batch, of which all but the first is not done."""
    (field, done, left), request = _BATCHES[pending.name], pending.request
    if field == "Entries":
        entries = request[field]
        pending.make(**{**request, field: entries[:1]})
        failed = [{"Id": each["Id"], "Code": "InternalError", "SenderFault": False} for each in entries[1:]]
        return {done: [{"Id": entries[0]["Id"]}], left: failed}
    ((table, requests),) = request[field].items()
    pending.make(**{field: {table: requests[:1]}})
    return {left: {table: requests[1:]} if requests[1:] else {}}


def leaves_all(pending: Pending) -> Any:
    field, _, left = _BATCHES[pending.name]
    if field == "Entries":
        return {left: [{"Id": each["Id"], "Code": "ThrottlingException"} for each in pending.request[field]]}
    return {left: pending.request[field]}


def in_conflict(pending: Pending) -> Any:
    """S3 answers so only to a PUT with a condition."""
    return refuses("ConditionalRequestConflict", 409)(pending) if "IfNoneMatch" in pending.request else pending()


_BATCHES = {
    "send_message_batch": ("Entries", "Successful", "Failed"),
    "batch_write_item": ("RequestItems", "", "UnprocessedItems"),
}
_PLAIN = (
    refuses("TransactionConflictException"),
    refuses("ThrottlingException"),
    refuses("ProvisionedThroughputExceededException"),
    refuses("RequestLimitExceeded"),
)
# How each call may be told that somebody else was first, or that it is too much.
BUSY: Mapping[str, tuple[Answer, ...]] = {
    "transact_write_items": (
        cancels("TransactionConflict"),
        cancels("TransactionConflict", "TransactionConflict"),
        cancels("TransactionConflict", "ConditionalCheckFailed"),
        cancels("ThrottlingError"),
        cancels("ProvisionedThroughputExceeded"),
        refuses("TransactionInProgressException"),
        refuses("ThrottlingException"),
    ),
    "update_item": _PLAIN,
    "send_message_batch": (leaves_out, leaves_all),
    "batch_write_item": (leaves_out, leaves_all),
    "put_object": (in_conflict,),
}


class Busy:
    """A fault that lasts: `times`, or for as long as it is asked. `variant` chooses among what BUSY has for it."""

    def __init__(self, variant: int, times: int | None = None) -> None:
        self._variant, self._left = variant, times

    def __call__(self, _saboteur: Saboteur, pending: Pending) -> Any:
        if self._left == 0:
            return pending()
        if self._left is not None:
            self._left -= 1
        answers = BUSY[pending.name]
        return answers[self._variant % len(answers)](pending)


def fails(_saboteur: Saboteur, pending: Pending) -> Any:
    """However often the SDK tries: AWS has an error inside, or lets nobody in."""
    raise error(pending, "SlowDown" if "object" in pending.name else "InternalServerError", 503)


def breaks_off(_saboteur: Saboteur, pending: Pending) -> Any:
    """Done, and the answer does not come, however often the SDK tries."""
    pending()
    raise ReadTimeoutError(endpoint_url="https://aws")


def answers_late(_saboteur: Saboteur, pending: Pending) -> Any:
    """Done, and answered with an error inside; the SDK tries again."""
    with _lost_answers() as lost:
        answer = pending()
    assert lost, f"the SDK has not tried {pending.name} again"
    return answer


@contextmanager
def _lost_answers() -> Iterator[list[str]]:
    """The first request is served, and its answer replaced by a 500; the SDK's pause passes in no time."""
    lost: list[str] = []
    endpoint: Any = Endpoint
    ask = endpoint._get_response

    def lose_first(self: Endpoint, request: Any, operation_model: Any, context: Any) -> Any:
        answered = ask(self, request, operation_model, context)
        if lost:
            return answered
        lost.append(operation_model.name)
        parsed = {"Error": {"Code": "InternalServerError", "Message": ""}, "ResponseMetadata": _FAILED}
        return (AWSResponse(request.url, 500, HTTPHeaders(), None), parsed), None

    with (
        patch.object(Endpoint, "_get_response", lose_first),
        patch("botocore.endpoint.time.sleep", lambda _seconds: None),
    ):
        yield lost
