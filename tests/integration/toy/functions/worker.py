"""Writes down what arrives, so that a test in another process can read it."""

import os
import time
from pathlib import Path
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        body = record["body"]
        if body == "poison":
            raise RuntimeError("poison")
        if body == "slow":
            time.sleep(1)
        _note("done", body)


def reader(event: dict[str, Any], _context: Any) -> None:
    for record in event.get("Records", []):
        _note("seen", record["dynamodb"]["Keys"]["sk"]["S"])


def _note(what: str, name: str) -> None:
    if "JOURNAL" in os.environ:
        with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
            journal.write(f"{what} {name}\n")
    table = boto3.client("dynamodb", region_name="us-east-1")
    table.put_item(TableName=os.environ["TABLE_NAME"], Item={"pk": {"S": "journal"}, "sk": {"S": f"{what} {name}"}})
