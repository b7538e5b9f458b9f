"""Answers that show what the gateway made of a request, or that put it to the test."""

import json
import os
import time
from base64 import b64encode
from typing import Any

import boto3

ANSWERS: dict[str, Any] = {
    "crash": lambda: 1 / 0,
    "binary": lambda: {"statusCode": 200, "body": b64encode(b"\x00\xff").decode(), "isBase64Encoded": True},
    "cookies": lambda: {"statusCode": 204, "cookies": ["a=1", "b=2; Path=/"], "headers": {"ETag": '"7"'}},
    "plain": lambda: {
        "statusCode": 201,
        "body": "words",
        "headers": {"Location": "/x", "Access-Control-Allow-Origin": "*"},
    },
    "bare": lambda: {"any": ["json", 1]},
    "counted": lambda: {"statusCode": 200, "body": "abc", "headers": {"Content-Length": "99", "Connection": "close"}},
    "wrong": lambda: {"statusCode": "many", "body": "x"},
    "unserialisable": lambda: {"statusCode": 200, "body": {1, 2}},
    "huge": lambda: {"statusCode": 200, "body": "x" * (6 * 1024 * 1024)},
    "split": lambda: {"statusCode": 200, "headers": {"x": "a\r\nSet-Cookie: b"}},
}


def handler(event: dict[str, Any], context: Any) -> Any:
    path = event["rawPath"]
    if path == "/slow":
        time.sleep(0.3)
    if path == "/any/send":
        return _send(json.loads(event["body"]))
    if path.startswith("/any/note"):
        table = boto3.client("dynamodb", region_name="us-east-1")
        table.put_item(TableName=os.environ["TABLE_NAME"], Item={"pk": {"S": "a"}, "sk": {"S": event["body"]}})
    answer = ANSWERS.get(path.rpartition("/")[2])
    remaining = context.get_remaining_time_in_millis()
    return answer() if answer else {"statusCode": 200, "body": json.dumps({"event": event, "remaining": remaining})}


def _send(message: dict[str, str]) -> dict[str, Any]:
    queue = boto3.client("sqs", region_name="us-east-1")
    queue.send_message(
        QueueUrl=os.environ["QUEUE_URL"],
        MessageBody=message["body"],
        MessageGroupId=message["group"],
        MessageDeduplicationId=message["id"],
    )
    return {"statusCode": 202}


def authorizer(event: dict[str, Any], _context: Any) -> Any:
    said = event["headers"].get("x-say") or (event["identitySource"] or ["yes"])[0]
    if said == "crash":
        raise RuntimeError("authorizer crashed")
    context = {"said": said, "type": event["type"], "source": event["identitySource"], "at": time.monotonic_ns()}
    return {"isAuthorized": said != "no", "context": context} if said != "nonsense" else {"ok": True}
