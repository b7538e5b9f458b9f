"""The emulator's streams: what leaves a record, who sees it when, and how long it is kept."""

import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends

from local.emulator import Emulator, shards, streams

REGION = "us-east-1"


@pytest.fixture
def table() -> Iterator[Any]:
    with Emulator(port=None):
        resource: Any = boto3.resource("dynamodb", region_name=REGION)
        yield resource.create_table(
            TableName="things",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )


def names() -> list[str]:
    return [record["eventName"] for record in streams.read("things")]


def iterator(table: Any, kind: Literal["LATEST", "TRIM_HORIZON"]) -> tuple[Any, str]:
    client = boto3.client("dynamodbstreams", region_name=REGION)
    arn = table.latest_stream_arn
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    given = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind)
    return client, given["ShardIterator"]


def test_an_update_that_creates_the_item_is_one_insert_with_the_whole_item(table: Any) -> None:
    table.update_item(Key={"pk": "a", "sk": "1"}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": 1})
    (record,) = streams.read("things")
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"] == {"pk": {"S": "a"}, "sk": {"S": "1"}, "n": {"N": "1"}}
    assert "OldImage" not in record["dynamodb"]


def test_a_write_that_changes_nothing_leaves_no_record(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "n": 1})
    table.put_item(Item={"pk": "a", "sk": "1", "n": 1})
    table.update_item(Key={"pk": "a", "sk": "1"}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": 1})
    table.delete_item(Key={"pk": "a", "sk": "2"})
    assert names() == ["INSERT"]


def test_records_are_events_as_lambda_gets_them(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "data": b"\x00\x01", "nested": {"list": [1, {"x": True}]}})
    table.delete_item(Key={"pk": "a", "sk": "1"})
    first, second = streams.read("things")
    assert first["eventSourceARN"] == table.latest_stream_arn
    assert first["eventSource"] == "aws:dynamodb"
    assert first["dynamodb"]["Keys"] == {"pk": {"S": "a"}, "sk": {"S": "1"}}
    assert first["dynamodb"]["NewImage"]["data"] == {"B": "AAE="}
    assert first["dynamodb"]["NewImage"]["nested"] == {"M": {"list": {"L": [{"N": "1"}, {"M": {"x": {"BOOL": True}}}]}}}
    assert isinstance(first["dynamodb"]["ApproximateCreationDateTime"], float)
    assert second["eventName"] == "REMOVE"
    assert second["dynamodb"]["OldImage"] == first["dynamodb"]["NewImage"]
    assert int(second["dynamodb"]["SequenceNumber"]) > int(first["dynamodb"]["SequenceNumber"])


def test_old_images_stay_as_they_were(table: Any) -> None:
    for number in range(3):
        table.update_item(
            Key={"pk": "a", "sk": "1"},
            UpdateExpression="SET n = :n, #l = list_append(if_not_exists(#l, :none), :one)",
            ExpressionAttributeNames={"#l": "list"},
            ExpressionAttributeValues={":n": number, ":none": [], ":one": [number]},
        )
    records = [record["dynamodb"] for record in streams.read("things")]
    assert [len(record["NewImage"]["list"]["L"]) for record in records] == [1, 2, 3]
    assert [record["OldImage"] for record in records[1:]] == [record["NewImage"] for record in records[:-1]]


def test_a_cancelled_transaction_leaves_no_record_and_readers_go_on(table: Any) -> None:
    client, position = iterator(table, "LATEST")
    check = {"TableName": "things", "Key": {"pk": "no", "sk": "no"}, "ConditionExpression": "attribute_exists(pk)"}
    put = {"TableName": "things", "Item": {"pk": "ghost", "sk": "1"}}
    with pytest.raises(ClientError, match="TransactionCanceled"):
        table.meta.client.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": check}])
    page = client.get_records(ShardIterator=position)
    assert page["Records"] == []
    table.put_item(Item={"pk": "real", "sk": "1"})
    page = client.get_records(ShardIterator=page["NextShardIterator"])
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in page["Records"]] == ["real"]


def test_a_waiting_reader_hears_of_a_record_at_once(table: Any) -> None:
    heard: list[float] = []

    def wait() -> None:
        assert streams.read("things", timeout=10.0)
        heard.append(time.monotonic())

    reader = threading.Thread(target=wait)
    reader.start()
    time.sleep(0.1)
    written = time.monotonic()
    table.put_item(Item={"pk": "a", "sk": "1"})
    reader.join()
    assert heard[0] - written < 1.0


def test_reading_waits_no_longer_than_it_is_told(table: Any) -> None:
    start = time.monotonic()
    assert streams.read("things", timeout=0.05) == []
    assert 0.04 < time.monotonic() - start < 2.0


def test_polling_leaves_nothing_behind(table: Any) -> None:
    client, position = iterator(table, "TRIM_HORIZON")
    for _ in range(20):
        position = client.get_records(ShardIterator=position)["NextShardIterator"]
    assert dynamodbstreams_backends["123456789012"][REGION].shard_iterators == {}


def test_what_all_named_readers_are_done_with_goes_but_for_the_last_records(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "KEEP", 8)
    streams.commit("things", "slow", streams.position("things", "slow"))
    for number in range(40):
        table.put_item(Item={"pk": "a", "sk": str(number)})
    records = streams.read("things")
    assert len(records) == 40
    sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
    streams.commit("things", "fast", sequences[39])
    streams.commit("things", "slow", sequences[9])
    assert [record["dynamodb"]["SequenceNumber"] for record in streams.read("things")] == sequences[10:]
    streams.commit("things", "slow", sequences[39])
    assert len(streams.read("things")) == 8
    assert streams.position("things", "slow") == sequences[39]


def test_a_reader_that_fell_behind_is_told(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MOST", 10)
    monkeypatch.setattr(shards, "KEEP", 4)
    table.put_item(Item={"pk": "a", "sk": "first"})
    (first,) = streams.read("things")
    for number in range(30):
        table.put_item(Item={"pk": "a", "sk": str(number)})
    assert len(streams.read("things")) <= 12
    with pytest.raises(shards.TrimmedDataAccessException):
        streams.read("things", first["dynamodb"]["SequenceNumber"])


def test_records_older_than_a_day_go(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    table.put_item(Item={"pk": "a", "sk": "old"})
    monkeypatch.setattr(shards, "SECONDS", -1.0)
    table.put_item(Item={"pk": "a", "sk": "new"})
    assert names() == []


def test_a_table_without_a_stream_is_a_clear_error(table: Any) -> None:
    dynamodb_backends["123456789012"][REGION].get_table("things").stream_shard = None
    with pytest.raises(ValueError, match="things has no stream"):
        streams.read("things")
