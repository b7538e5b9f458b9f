"""What a call of boto3 costs in local mode, in milliseconds (median), as the table grows: python -m bench.emulator"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from local.emulator import Emulator, streams

SIZES = (100, 20_000, 100_000)
QUERY = {"TableName": "things", "Limit": 50}


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def job(name: str) -> dict[str, Any]:
    """As many attributes as a job has."""
    texts = {f"text{n}": text("x" * 20) for n in range(16)}
    return {"pk": text("USER#1"), "sk": text(name), **texts, **{f"n{n}": number(n) for n in range(16)}}


def item(partition: str, name: str) -> dict[str, Any]:
    rest = {"status": text("done"), "fence": text("f" * 32), "stage": number(1), "tries": number(1), "run": number(1)}
    return {"pk": text(partition), "sk": text(name), **rest}


def make(dynamodb: Any) -> None:
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = [{"AttributeName": "watch", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    dynamodb.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "watch")],
        KeySchema=keys,
        GlobalSecondaryIndexes=[
            {"IndexName": "active", "KeySchema": index, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def fill(dynamodb: Any, start: int, size: int) -> None:
    """Items in partitions of 10,000, every hundredth in the index."""
    for first in range(start, size, 25):
        rows = [item(f"JOB#{n // 10_000}", f"ITEM#{n % 10_000:05}") for n in range(first, min(first + 25, size))]
        for row in rows[::100]:
            row["watch"] = text(f"shard{first % 4}")
        dynamodb.batch_write_item(RequestItems={"things": [{"PutRequest": {"Item": row}} for row in rows]})


def counters(name: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": "things",
            "Key": {"pk": text("USER#1"), "sk": text(name)},
            "UpdateExpression": "SET #s = :s, n1 = n1 + :one, n2 = n2 - :one, text1 = :s",
            "ConditionExpression": "n3 = :three AND n4 IN (:three, :four)",
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": {
                ":s": text("running"),
                ":one": number(1),
                ":three": number(3),
                ":four": number(4),
            },
        }
    }


def transact(dynamodb: Any, puts: int, turn: str) -> None:
    actions = [counters("JOB#1"), counters("ACCOUNT")]
    actions += [{"Put": {"TableName": "things", "Item": item("NEW", f"{turn}-{n}")}} for n in range(puts)]
    dynamodb.transact_write_items(TransactItems=actions)


def median(call: Callable[[int], object], times: int = 60) -> float:
    spent = []
    for turn in range(times):
        start = time.perf_counter()
        call(turn)
        spent.append(time.perf_counter() - start)
    return round(statistics.median(spent) * 1000, 2)


def tables(dynamodb: Any, size: int) -> dict[str, float]:
    by_key = {"KeyConditionExpression": "pk = :p AND sk > :s"}
    values = {":p": text("JOB#0"), ":s": text("ITEM#00020")}
    by_index = {"IndexName": "active", "KeyConditionExpression": "watch = :p"}
    return {
        "PutItem": median(lambda n: dynamodb.put_item(TableName="things", Item=job(f"JOB#x{n}"))),
        "GetItem": median(
            lambda _: dynamodb.get_item(TableName="things", Key={"pk": text("USER#1"), "sk": text("JOB#1")})
        ),
        "TransactWrite(3)": median(lambda n: transact(dynamodb, 1, f"a{size}-{n}")),
        "TransactWrite(6)": median(lambda n: transact(dynamodb, 4, f"b{size}-{n}")),
        "Query(50)": median(lambda _: dynamodb.query(**QUERY, **by_key, ExpressionAttributeValues=values)),
        "Query index": median(
            lambda _: dynamodb.query(**QUERY, **by_index, ExpressionAttributeValues={":p": text("shard0")})
        ),
    }


def queues(sqs: Any) -> dict[str, float]:
    url = sqs.create_queue(QueueName="work.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    handles: list[str] = []

    def send(turn: int) -> None:
        entries = [
            {"Id": str(n), "MessageBody": "b" * 400, "MessageGroupId": f"g{(turn * 10 + n) % 500}"} for n in range(10)
        ]
        for n, entry in enumerate(entries):
            entry["MessageDeduplicationId"] = f"{turn}-{n}"
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def receive(_: int) -> None:
        message = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
        handles.append(message["ReceiptHandle"])

    return {
        "SendMessageBatch(10), to 5,000 messages": median(send, 500),
        "ReceiveMessage(1)": median(receive, 200),
        "DeleteMessage": median(lambda n: sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[n]), 200),
    }


def objects(s3: Any) -> dict[str, float]:
    s3.create_bucket(Bucket="bucket")
    return {
        "PutObject 8 KB": median(lambda n: s3.put_object(Bucket="bucket", Key=f"k{n}", Body=b"x" * 8192), 200),
        "GetObject 8 KB": median(lambda n: s3.get_object(Bucket="bucket", Key=f"k{n}")["Body"].read(), 200),
    }


def snapshots(emulator: Emulator, dynamodb: Any) -> dict[str, float]:
    """The first writes everything; then, ten items changed and the stream read."""
    last = streams.read("things", limit=1_000_000)[-1]["dynamodb"]["SequenceNumber"]
    streams.commit("things", "reader", last)

    def again(_: int) -> None:
        emulator.snapshot()

    first = median(again, 1)
    spent = []
    for turn in range(9):
        for n in range(10):
            dynamodb.put_item(TableName="things", Item=item("CHANGED", f"{turn}-{n}"))
        spent.append(median(again, 1))
    return {"first snapshot": first, "next snapshots": statistics.median(spent), "nothing changed": median(again, 5)}


def main() -> None:
    with tempfile.TemporaryDirectory() as state, Emulator(Path(state), port=None) as emulator:
        dynamodb: Any = boto3.client("dynamodb", region_name="us-east-1")
        sqs: Any = boto3.client("sqs", region_name="us-east-1")
        s3: Any = boto3.client("s3", region_name="us-east-1")
        make(dynamodb)
        dynamodb.put_item(TableName="things", Item=job("JOB#1"))
        dynamodb.put_item(TableName="things", Item=job("ACCOUNT"))
        start = 0
        for size in SIZES:
            fill(dynamodb, start, size)
            start = size
            print(size, tables(dynamodb, size), snapshots(emulator, dynamodb), flush=True)
        print(queues(sqs), objects(s3))


if __name__ == "__main__":
    main()
