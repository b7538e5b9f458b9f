"""The emulator's state outlives its process: whole, consistent, and never silently lost."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.models import FakeKey, s3_backends

from local.emulator import Emulator, freezing, streams
from local.emulator.folder import FolderInUse
from local.emulator.frozen import freeze_item

REGION = "us-east-1"
ROOT = Path(__file__).parents[2]
KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
INDEX_KEYS = [{"AttributeName": "watch", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
TABLE = {
    "TableName": "things",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "watch")],
    "KeySchema": KEYS,
    "GlobalSecondaryIndexes": [
        {"IndexName": "active", "KeySchema": INDEX_KEYS, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
TEMPLATE = {
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE},
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead.fifo", "FifoQueue": True}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": "work.fifo",
                "FifoQueue": True,
                "VisibilityTimeout": 600,
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bucket"}},
    }
}
START = """
import json, os, sys, boto3
from pathlib import Path
from local.emulator import Emulator, streams
emulator = Emulator(Path(sys.argv[1])).start()
dynamodb, sqs, s3, cognito, stacks = (
    boto3.client(name, region_name="us-east-1") for name in ("dynamodb", "sqs", "s3", "cognito-idp", "cloudformation")
)
"""
FILL = """
stacks.create_stack(StackName="stack", TemplateBody=sys.argv[2])
queue = sqs.get_queue_url(QueueName="work.fifo")["QueueUrl"]
for n in range(5):
    item = {"pk": {"S": "job"}, "sk": {"S": str(n)}, "watch": {"S": "w"}}
    item |= {"data": {"B": b"\\x00"}, "m": {"M": {"n": {"N": "1"}}}}
    dynamodb.put_item(TableName="things", Item=item)
first, second = streams.read("things", limit=2)
streams.commit("things", "reader", second["dynamodb"]["SequenceNumber"])
for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
    sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
(flying,) = sqs.receive_message(QueueUrl=queue)["Messages"]
(gone,) = sqs.receive_message(QueueUrl=queue)["Messages"]
sqs.delete_message(QueueUrl=queue, ReceiptHandle=gone["ReceiptHandle"])
s3.put_object(Bucket="bucket", Key="text", Body=b"hello", ContentType="text/x", Metadata={"who": "me"})
pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
cognito.admin_create_user(UserPoolId=pool, Username="demo")
cognito.admin_set_user_password(UserPoolId=pool, Username="demo", Password="Correct-Horse-1", Permanent=True)
parameters = {"USERNAME": "demo", "PASSWORD": "Correct-Horse-1"}
login = dict(AuthFlow="USER_PASSWORD_AUTH", ClientId=client, AuthParameters=parameters)
token = cognito.initiate_auth(**login)["AuthenticationResult"]["AccessToken"]
update = dict(TableName="things", Key={"pk": {"S": "sum"}, "sk": {"S": "x"}})
update |= dict(UpdateExpression="ADD n :n", ExpressionAttributeValues={":n": {"N": "1"}})
request = dict(ClientRequestToken="t1", TransactItems=[{"Update": update}])
dynamodb.transact_write_items(**request)
assert emulator.snapshot()
dynamodb.put_item(TableName="things", Item={"pk": {"S": "after"}, "sk": {"S": "the snapshot"}})
known = dict(queue=queue, flying=flying["ReceiptHandle"], pool=pool, login=login, token=token, request=request)
print(json.dumps(known))
sys.stdout.flush()
os._exit(9)
"""
LOOK = """
import jwt
known = json.loads(sys.argv[2])
queue = known["queue"]
found = {}
found["items"] = dynamodb.scan(TableName="things")["Count"]
item = dynamodb.get_item(TableName="things", Key={"pk": {"S": "job"}, "sk": {"S": "3"}})["Item"]
found["item"] = [item["data"]["B"].hex(), item["m"]]
values = {":w": {"S": "w"}}
query = dict(IndexName="active", KeyConditionExpression="watch = :w", ExpressionAttributeValues=values)
found["index"] = dynamodb.query(TableName="things", **query)["Count"]
after = streams.position("things", "reader")
dynamodb.delete_item(TableName="things", Key={"pk": {"S": "job"}, "sk": {"S": "0"}})
found["stream"] = [r["dynamodb"]["Keys"]["sk"]["S"] for r in streams.read("things", after)]
found["blocked"] = [m["Body"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])]
sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=known["flying"], VisibilityTimeout=0)
again = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
found["again"] = [[m["Body"], m["Attributes"]["ApproximateReceiveCount"]] for m in again]
sqs.send_message(QueueUrl=queue, MessageBody="b1", MessageGroupId="b", MessageDeduplicationId="b1")
found["swallowed"] = sqs.receive_message(QueueUrl=queue).get("Messages", [])
text = s3.get_object(Bucket="bucket", Key="text")
found["object"] = [text["Body"].read().decode(), text["ContentType"], text["Metadata"]]
keys = jwt.PyJWKClient(f"{emulator.url}/{known['pool']}/.well-known/jwks.json")
claims = jwt.decode(known["token"], keys.get_signing_key_from_jwt(known["token"]).key, algorithms=["RS256"])
found["sub"] = claims["sub"] == cognito.get_user(AccessToken=known["token"])["UserAttributes"][0]["Value"]
found["login"] = "AccessToken" in cognito.initiate_auth(**known["login"])["AuthenticationResult"]
dynamodb.transact_write_items(**known["request"])
found["once"] = dynamodb.get_item(TableName="things", Key={"pk": {"S": "sum"}, "sk": {"S": "x"}})["Item"]["n"]["N"]
resources = stacks.describe_stack_resources(StackName="stack")["StackResources"]
found["stack"] = sorted(resource["LogicalResourceId"] for resource in resources)
found["notices"] = emulator.notices
emulator.stop()
print(json.dumps(found))
"""


def run(code: str, *arguments: str, expect: int = 0) -> dict[str, Any]:
    command = [sys.executable, "-W", "error", "-c", START + code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_killed_process_is_continued_from_its_last_snapshot(tmp_path: Path) -> None:
    known = run(FILL, str(tmp_path), json.dumps(TEMPLATE), expect=9)
    found = run(LOOK, str(tmp_path), json.dumps(known))
    assert found == {
        "items": 6,
        "item": ["00", {"M": {"n": {"N": "1"}}}],
        "index": 5,
        "stream": ["2", "3", "4", "x", "0"],
        "blocked": [],
        "again": [["a1", "2"], ["a2", "1"]],
        "swallowed": [],
        "object": ["hello", "text/x", {"who": "me"}],
        "sub": True,
        "login": True,
        "once": "1",
        "stack": ["Bucket", "Dead", "Queue", "Table"],
        "notices": [],
    }


def fill(state: Path, count: int) -> None:
    with Emulator(state, port=None):
        client: Any = boto3.client("dynamodb", region_name=REGION)
        client.create_table(**TABLE)
        boto3.client("s3", region_name=REGION).create_bucket(Bucket="bucket")
        for number in range(count):
            put(number)


def put(number: int, text: str = "x") -> None:
    item = {"pk": {"S": "p"}, "sk": {"S": str(number)}, "text": {"S": text}}
    boto3.client("dynamodb", region_name=REGION).put_item(TableName="things", Item=item)
    boto3.client("s3", region_name=REGION).put_object(Bucket="bucket", Key=str(number), Body=f"{number}{text}".encode())


def texts() -> dict[str, tuple[str, str]]:
    """By number, what the table and the bucket hold of it."""
    items = boto3.client("dynamodb", region_name=REGION).scan(TableName="things")["Items"]
    s3: Any = boto3.client("s3", region_name=REGION)
    stored = {key["Key"] for key in s3.list_objects_v2(Bucket="bucket").get("Contents", [])}
    assert stored == {item["sk"]["S"] for item in items}
    return {
        item["sk"]["S"]: (
            item["text"]["S"],
            s3.get_object(Bucket="bucket", Key=item["sk"]["S"])["Body"].read().decode(),
        )
        for item in items
    }


def test_changes_after_a_restart_are_kept_too(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    for turn in range(3):
        with Emulator(tmp_path, port=None) as emulator:
            put(0, f"turn{turn}")
            assert emulator.snapshot()
            put(10 + turn)
            boto3.client("dynamodb", region_name=REGION).delete_item(
                TableName="things", Key={"pk": {"S": "p"}, "sk": {"S": str(1 + turn)}}
            )
            boto3.client("s3", region_name=REGION).delete_object(Bucket="bucket", Key=str(1 + turn))
    with Emulator(tmp_path, port=None):
        assert texts() == {
            "0": ("turn2", "0turn2"),
            "10": ("x", "10x"),
            "11": ("x", "11x"),
            "12": ("x", "12x"),
        }


def test_a_later_change_of_an_object_is_kept(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with Emulator(tmp_path, port=None):
        key: FakeKey = s3_backends["123456789012"]["aws"].buckets["bucket"].keys["0"]
        key.set_storage_class("GLACIER")
        put(1)
    with Emulator(tmp_path, port=None):
        assert boto3.client("s3", region_name=REGION).head_object(Bucket="bucket", Key="0")["StorageClass"] == "GLACIER"


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    with Emulator(tmp_path, port=None) as emulator:
        texts()
        assert emulator.snapshot() is False
        put(0, "new")
        assert emulator.snapshot() is True
        assert emulator.snapshot() is False


def test_a_snapshot_writes_what_changed_not_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 30)
    frozen: list[Any] = []

    def freeze(item: Any) -> Any:
        frozen.append(item)
        return freeze_item(item)

    monkeypatch.setattr(freezing, "freeze_item", freeze)
    with Emulator(tmp_path, port=None) as emulator:
        for record in streams.read("things")[-1:]:
            streams.commit("things", "reader", record["dynamodb"]["SequenceNumber"])
        put(0, "new")
        files = {path: path.stat().st_size for path in tmp_path.glob("bytes-*.bin")}
        assert emulator.snapshot()
        grown = sum(path.stat().st_size - files[path] for path in tmp_path.glob("bytes-*.bin"))
        assert 0 < grown < 4_000
        records = len(streams.read("things"))
        assert len(frozen) <= 2 * records + 1


def test_the_file_of_bytes_is_written_anew_when_it_is_mostly_waste(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.emulator.bodies.WASTE", 100)
    monkeypatch.setattr("local.emulator.snapshot.WASTE", 100)
    monkeypatch.setattr("local.emulator.journal.SLACK", 2)
    fill(tmp_path, 2)
    with Emulator(tmp_path, port=None) as emulator:
        before = set(tmp_path.glob("bytes-*.bin"))
        for turn in range(12):
            put(0, f"turn{turn}" * 500)
            emulator.snapshot()
        (file,) = tmp_path.glob("bytes-*.bin")
        assert file not in before
        assert file.stat().st_size < 60_000
    with Emulator(tmp_path, port=None):
        assert texts()["0"][0] == "turn11" * 500


@pytest.mark.parametrize("damage", ["cut", "flipped", "nonsense", "no bytes"])
def test_a_damaged_snapshot_is_moved_aside_and_named(tmp_path: Path, damage: str) -> None:
    fill(tmp_path, 2)
    snapshot = tmp_path / "emulator.snapshot"
    whole = snapshot.read_bytes()
    if damage == "no bytes":
        next(tmp_path.glob("bytes-*.bin")).unlink()
    else:
        flipped = whole[:-1] + bytes([whole[-1] ^ 1])
        snapshot.write_bytes({"cut": whole[:-9], "flipped": flipped, "nonsense": b"nonsense"}[damage])
    with Emulator(tmp_path, port=None) as emulator:
        assert boto3.client("dynamodb", region_name=REGION).list_tables()["TableNames"] == []
        (notice,) = emulator.notices
    (aside,) = tmp_path.glob("damaged-*")
    assert str(aside) in notice
    assert (aside / "emulator.snapshot").exists()


def test_a_snapshot_of_another_version_is_moved_aside_and_named(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    snapshot = tmp_path / "emulator.snapshot"
    line, _, body = snapshot.read_bytes().partition(b"\n")
    snapshot.write_bytes(json.dumps({**json.loads(line), "moto": "4.0.0"}).encode() + b"\n" + body)
    with Emulator(tmp_path, port=None) as emulator:
        assert "other-version" in emulator.notices[0]
    assert len(list(tmp_path.glob("other-version-*/bytes-*.bin"))) == 1


def test_fresh_starts_empty(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with Emulator(tmp_path, port=None, fresh=True):
        assert boto3.client("dynamodb", region_name=REGION).list_tables()["TableNames"] == []


def test_a_write_that_fails_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 2)
    with Emulator(tmp_path, port=None) as emulator:
        put(0, "new")
        with monkeypatch.context() as full:
            full.setattr("local.emulator.folder.os.fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
            with pytest.raises(OSError, match="disk full"):
                emulator.snapshot()
    with Emulator(tmp_path, port=None):
        assert texts()["0"] == ("new", "0new")


def test_a_folder_serves_one_process_at_a_time(tmp_path: Path) -> None:
    with Emulator(tmp_path, port=None), pytest.raises(FolderInUse, match=f"{tmp_path} is in use.*STATE="):
        Emulator(tmp_path, port=None).start()
    with Emulator(tmp_path, port=None) as again:
        assert again.notices == []
