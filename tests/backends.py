"""What can stand behind a house's table: the emulator, or anything else that answers a DynamoDB client and keeps a
stream."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

import boto3
from botocore.config import Config

from local.emulator import streams


@lru_cache
def client(service: Any) -> Any:
    """One a process: the emulator stands behind every client, whenever it was made. Composing the name by which the SDK
    introduces itself is a tenth of each call."""
    return boto3.client(service, region_name="us-east-1", config=Config(user_agent="penstock"))


class Tables(Protocol):
    """`client` reaches the table called `name`, which is as the template says."""

    name: str
    client: Any

    def read(self, after: str, limit: int = 1000) -> list[dict[str, Any]]:
        """The records of its stream that follow the sequence number `after`, oldest first, as a Lambda event has
        them. "TRIM_HORIZON" begins with the first."""
        ...


class Emulated:
    """The table that the emulator made from the template."""

    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self.name: str = resources["Table"]["Ref"]
        self.client = client("dynamodb")

    def read(self, after: str, limit: int = 1000) -> list[dict[str, Any]]:
        return streams.read(self.name, after, limit)
