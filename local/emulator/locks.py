"""The emulator's locks, taken in the order in which they are listed; a snapshot takes them all.

What AWS does: a request happens wholly or not at all, whatever else runs.
What moto 5.2.5 does: nothing is locked. 16 threads doing conditional updates from a balance of 300 had 389 accepted,
63 of a run of transactions died with "dictionary changed size during iteration", acknowledged puts vanished.
Why Penstock needs it: quota and item state rest on conditional writes, and local mode runs many handlers at once.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.s3.responses import S3Response
from moto.sqs.responses import SQSResponse

from local.emulator import changes
from local.emulator.patching import replace, under

REQUESTS = threading.RLock()  # CloudFormation, which calls the backends of all the others
DYNAMODB = threading.RLock()  # every request to tables and streams
SQS = threading.RLock()  # every look at a queue, never a wait for messages
S3 = threading.RLock()
COGNITO = threading.RLock()


def everything() -> ExitStack:
    """All locks at once: no request is half done while it is held."""
    stack = ExitStack()
    for lock in (REQUESTS, DYNAMODB, SQS, S3, COGNITO):
        stack.enter_context(lock)
    return stack


def _bucket_or_key(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, request: Any, *rest: Any) -> Any:
        with S3:
            answer = method(self, request, *rest)
        if request.method not in ("GET", "HEAD"):
            changes.mark()
        return answer

    return call


def _override(handler: type, method: Callable[..., Any]) -> None:
    """Most handlers inherit `call_action`: each gets one of its own."""
    type.__setattr__(handler, "call_action", changes.watched(method))


def apply() -> None:
    for handler, lock in (
        (DynamoHandler, DYNAMODB),
        (DynamoDBStreamsHandler, DYNAMODB),
        (CognitoIdpResponse, COGNITO),
        (CloudFormationResponse, REQUESTS),
    ):
        _override(handler, under(lock, handler.call_action))
    _override(SQSResponse, SQSResponse.call_action)  # its backend locks by itself
    for name in ("bucket_response", "key_response"):
        replace(S3Response, name, _bucket_or_key(getattr(S3Response, name)))
