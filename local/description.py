"""What the template says, as far as one machine carries it out: plain frozen records, every function resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Function:
    """A Lambda function. `handler` is "file.function" under the folder `code`; timeout in seconds, memory in MB."""

    logical_id: str
    name: str
    arn: str
    code: Path
    handler: str
    timeout: int
    memory: int
    reserved: int | None
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Authorizer:
    """A REQUEST authorizer with payload 2.0 and simple responses. Replies are kept `ttl` seconds per identity."""

    name: str
    function: str
    identity_sources: tuple[str, ...]
    ttl: int


@dataclass(frozen=True)
class Route:
    """`method` is "ANY" or a verb, `path` as in the template; path "$default" takes what no other route takes."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None
    timeout: float

    @property
    def key(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Cors:
    """CORS as the gateway answers it; names of headers and methods as the template writes them."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]
    max_age: int | None
    credentials: bool


@dataclass(frozen=True)
class QueueMapping:
    """An SQS event source. At most `concurrency` batches at a time."""

    logical_id: str
    function: str
    queue_arn: str
    queue_url: str
    batch_size: int
    concurrency: int
    partial: bool
    filters: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class StreamMapping:
    """A DynamoDB stream event source. `retries` and `max_age` (seconds) are None for "without end"."""

    logical_id: str
    function: str
    function_arn: str
    table: str
    stream_arn: str
    batch_size: int
    window: float
    starts_at: str
    filters: tuple[Mapping[str, Any], ...]
    retries: int | None
    max_age: int | None
    bisect: bool
    partial: bool
    on_failure: str | None


@dataclass(frozen=True)
class Schedule:
    """A function to be invoked every `period` seconds; `event` is None for EventBridge's own event."""

    logical_id: str
    function: str
    rule_arn: str
    source: str
    period: float
    event: Any


@dataclass(frozen=True)
class Pool:
    """The Cognito user pool and the client local sign-in uses."""

    pool_id: str
    client_id: str
    by_email: bool


@dataclass(frozen=True)
class Description:
    """Everything local mode connects. No other list of functions, routes or queues exists."""

    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    cors: Cors | None
    queues: tuple[QueueMapping, ...]
    streams: tuple[StreamMapping, ...]
    schedules: tuple[Schedule, ...]
    pool: Pool | None
    layers: tuple[Path, ...]
