"""Tables of the emulator: writes that exclude each other, and queries that touch what they return."""

import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator, queries

REGION = "us-east-1"


@pytest.fixture
def table() -> Iterator[Any]:
    with Emulator(port=None):
        resource: Any = boto3.resource("dynamodb", region_name=REGION)
        yield make_table(resource)


def make_table(resource: Any) -> Any:
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = [{"AttributeName": "watch", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    return resource.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "watch")],
        KeySchema=keys,
        GlobalSecondaryIndexes=[
            {"IndexName": "active", "KeySchema": index, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def at_once(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of everything
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(usual)


def test_a_balance_is_never_overdrawn_by_updates_at_once(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "balance", "left": 100})
    accepted: list[int] = []
    refused: list[str] = []

    def spend(number: int) -> None:
        for _ in range(20):
            try:
                table.update_item(
                    Key={"pk": "a", "sk": "balance"},
                    UpdateExpression="SET #l = #l - :one",
                    ConditionExpression="#l >= :one",
                    ExpressionAttributeNames={"#l": "left"},
                    ExpressionAttributeValues={":one": 1},
                )
                accepted.append(number)
            except ClientError as error:
                refused.append(error.response["Error"]["Code"])

    at_once(8, spend)
    assert (len(accepted), refused) == (100, ["ConditionalCheckFailedException"] * 60)
    assert table.get_item(Key={"pk": "a", "sk": "balance"})["Item"]["left"] == 0


def test_a_cancelled_transaction_undoes_nothing_of_others(table: Any) -> None:
    client = table.meta.client

    def put_or_cancel(number: int) -> None:
        for turn in range(25):
            if number % 2:
                table.put_item(Item={"pk": "put", "sk": f"{number}-{turn}"})
                continue
            with pytest.raises(ClientError, match="TransactionCanceledException"):
                client.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": "things", "Item": {"pk": "ghost", "sk": f"{number}-{turn}"}}},
                        {
                            "ConditionCheck": {
                                "TableName": "things",
                                "Key": {"pk": "nobody", "sk": "x"},
                                "ConditionExpression": "attribute_exists(pk)",
                            }
                        },
                    ]
                )

    at_once(8, put_or_cancel)
    items = table.scan()["Items"]
    assert len([item for item in items if item["pk"] == "put"]) == 100
    assert [item for item in items if item["pk"] == "ghost"] == []


def test_a_transaction_that_fails_while_writing_leaves_items_indexes_and_stream_alone(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "name": "text", "watch": "w"})
    client = table.meta.client
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "things", "Item": {"pk": "b", "sk": "2", "watch": "w"}}},
                {"Delete": {"TableName": "things", "Key": {"pk": "c", "sk": "3"}}},
                {
                    "Update": {
                        "TableName": "things",
                        "Key": {"pk": "a", "sk": "1"},
                        "UpdateExpression": "SET extra = absent",
                    }
                },
            ]
        )
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "None",
        "ValidationError",
    ]
    assert [item["pk"] for item in table.scan()["Items"]] == ["a"]
    assert [item["pk"] for item in by_index(table, "w")] == ["a"]


def by_index(table: Any, watch: str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.query(
        IndexName="active",
        KeyConditionExpression="watch = :w",
        ExpressionAttributeValues={":w": watch},
        **options,
    )["Items"]
    return found


def test_reasons_of_a_cancelled_transaction_are_positional_and_carry_the_old_item(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "status": "done"})
    check = {"TableName": "things", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    client = table.meta.client
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=[
                {"Put": {**check, "Item": {"pk": "z", "sk": "1"}}},
                {"Put": {**check, "Item": {"pk": "a", "sk": "1"}, "ConditionExpression": "attribute_not_exists(pk)"}},
            ]
        )
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["status"] == {"S": "done"}


def test_a_transaction_above_4_mb_is_refused(table: Any) -> None:
    big = "x" * 390_000
    puts = [{"Put": {"TableName": "things", "Item": {"pk": "a", "sk": str(n), "text": big}}} for n in range(11)]
    with pytest.raises(ClientError, match="4 MB"):
        table.meta.client.transact_write_items(TransactItems=puts)
    assert table.scan()["Count"] == 0


def test_an_item_above_400_kb_is_refused_also_when_updated_to_it(table: Any) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        table.put_item(Item={"pk": "a", "sk": "1", "text": "x" * 410_000})
    table.put_item(Item={"pk": "a", "sk": "1", "text": "x" * 250_000})
    with pytest.raises(ClientError, match="ValidationException"):
        table.update_item(
            Key={"pk": "a", "sk": "1"},
            UpdateExpression="SET more = :m",
            ExpressionAttributeValues={":m": "x" * 250_000},
        )
    assert "more" not in table.get_item(Key={"pk": "a", "sk": "1"})["Item"]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("index", [True, False])
def test_paging_returns_everything_once_in_order_both_ways(table: Any, forward: bool, index: bool) -> None:
    with table.batch_writer() as batch:
        for number in range(23):
            batch.put_item(Item={"pk": "job", "sk": f"ITEM#{number:03}", "watch": "w"})
            batch.put_item(Item={"pk": f"other{number % 3}", "sk": f"ITEM#{number:03}"})
    condition = (
        {"IndexName": "active", "KeyConditionExpression": "watch = :k"}
        if index
        else {"KeyConditionExpression": "pk = :k"}
    )
    value = {":k": "w" if index else "job"}
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = table.query(**condition, ExpressionAttributeValues=value, Limit=5, ScanIndexForward=forward, **start)
        found += [item["sk"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    expected = [f"ITEM#{number:03}" for number in range(23)]
    assert found == (expected if forward else expected[::-1])


def test_a_full_last_page_names_a_last_key_as_dynamodb_does(table: Any) -> None:
    for number in range(4):
        table.put_item(Item={"pk": "job", "sk": str(number)})
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": "job"}}
    page = table.query(**query, Limit=4)
    assert page["LastEvaluatedKey"] == {"pk": "job", "sk": "3"}
    after = table.query(**query, Limit=4, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert after["Items"] == []
    assert "LastEvaluatedKey" not in after


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("sk = :a", {":a": "b1"}, ["b1"]),
        ("sk < :a", {":a": "b1"}, ["a"]),
        ("sk <= :a", {":a": "b1"}, ["a", "b1"]),
        ("sk > :a", {":a": "b1"}, ["b2", "c"]),
        ("sk >= :a", {":a": "b1"}, ["b1", "b2", "c"]),
        ("sk BETWEEN :a AND :b", {":a": "b", ":b": "b2"}, ["b1", "b2"]),
        ("begins_with(sk, :a)", {":a": "b"}, ["b1", "b2"]),
        ("begins_with(sk, :a)", {":a": "x"}, []),
    ],
)
def test_sort_key_conditions(table: Any, condition: str, values: dict[str, str], expected: list[str]) -> None:
    for name in ("c", "a", "b2", "b1"):
        table.put_item(Item={"pk": "p", "sk": name})
    found = table.query(
        KeyConditionExpression=f"pk = :p AND {condition}", ExpressionAttributeValues={":p": "p", **values}
    )
    assert [item["sk"] for item in found["Items"]] == expected


def test_the_filter_comes_after_the_limit_and_count_counts(table: Any) -> None:
    for number in range(6):
        table.put_item(Item={"pk": "p", "sk": str(number), "even": number % 2 == 0})
    query = {
        "KeyConditionExpression": "pk = :p",
        "FilterExpression": "even = :t",
        "ExpressionAttributeValues": {":p": "p", ":t": True},
        "Limit": 3,
    }
    page = table.query(**query)
    assert [item["sk"] for item in page["Items"]] == ["0", "2"]
    assert (page["Count"], page["ScannedCount"]) == (2, 3)
    counted = table.query(**query, Select="COUNT")
    assert (counted["Count"], "Items" in counted) == (2, False)


def test_a_query_touches_only_the_items_it_returns(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with table.batch_writer() as batch:
        for number in range(400):
            batch.put_item(Item={"pk": "p", "sk": f"{number:04}", "watch": "w"})
    touched: list[Any] = []

    def touch(item: Any) -> int:
        touched.append(item)
        return 1

    monkeypatch.setattr(queries, "size", touch)
    table.query(
        KeyConditionExpression="pk = :p AND sk > :s", ExpressionAttributeValues={":p": "p", ":s": "0200"}, Limit=10
    )
    by_index(table, "w", Limit=10)
    assert len(touched) == 20


def test_an_index_follows_puts_updates_deletes_and_shows_what_it_projects(table: Any) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "watch": "w", "text": "long"})
    assert by_index(table, "w") == [{"pk": "a", "sk": "1", "watch": "w"}]
    table.update_item(
        Key={"pk": "a", "sk": "1"}, UpdateExpression="SET watch = :v", ExpressionAttributeValues={":v": "v"}
    )
    assert by_index(table, "w") == []
    assert [item["pk"] for item in by_index(table, "v")] == ["a"]
    table.update_item(Key={"pk": "a", "sk": "1"}, UpdateExpression="REMOVE watch")
    assert by_index(table, "v") == []
    table.put_item(Item={"pk": "a", "sk": "1", "watch": "v"})
    table.delete_item(Key={"pk": "a", "sk": "1"})
    assert by_index(table, "v") == []


def test_a_query_of_an_index_cannot_be_consistent(table: Any) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        by_index(table, "w", ConsistentRead=True)


def test_plain_updates_give_what_moto_gives_and_numbers_keep_38_digits(table: Any) -> None:
    key = {"pk": "a", "sk": "1"}
    number = Decimal("1234567890123456789012345678901234567.5")
    table.put_item(Item={**key, "big": number, "n": 5, "list": ["a"], "gone": 1})
    update = {
        "UpdateExpression": "SET #n = #n + :one, big = big - :half, kept = if_not_exists(kept, :seven), "
        "#l = list_append(#l, :more), copied = n REMOVE gone ADD summed :two",
        "ExpressionAttributeNames": {"#n": "n", "#l": "list"},
        "ExpressionAttributeValues": {
            ":one": 1,
            ":half": Decimal("0.5"),
            ":seven": 7,
            ":more": ["b"],
            ":two": 2,
        },
        "ReturnValues": "ALL_NEW",
    }
    table.update_item(Key=key, **update)
    item = table.update_item(Key=key, **update)["Attributes"]
    assert item["big"] == Decimal("1234567890123456789012345678901234566.5")
    assert (item["n"], item["copied"], item["summed"], item["kept"]) == (7, 6, 4, 7)
    assert item["list"] == ["a", "b", "b"]
    assert "gone" not in item


@pytest.mark.parametrize(
    "update", ["SET n = n + :text", "SET a = absent", "SET pk = :text", "SET n = :unknown", "SET n = ", "ADD t :text"]
)
def test_wrong_updates_are_refused_the_first_time_and_again(table: Any, update: str) -> None:
    table.put_item(Item={"pk": "a", "sk": "1", "n": 1, "t": "text"})
    for _ in range(2):
        with pytest.raises(ClientError, match="ValidationException"):
            table.update_item(
                Key={"pk": "a", "sk": "1"}, UpdateExpression=update, ExpressionAttributeValues={":text": "x"}
            )
    assert table.get_item(Key={"pk": "a", "sk": "1"})["Item"] == {"pk": "a", "sk": "1", "n": 1, "t": "text"}


def test_a_condition_is_judged_with_the_values_of_its_own_request(table: Any) -> None:
    key = {"pk": "a", "sk": "1"}
    table.put_item(Item={**key, "fence": "mine", "n": 5})
    update = {"UpdateExpression": "SET seen = :x", "ConditionExpression": "fence = :f AND n < :m"}
    table.update_item(Key=key, **update, ExpressionAttributeValues={":x": 1, ":f": "mine", ":m": 6})
    for wrong in ({":f": "other", ":m": 6}, {":f": "mine", ":m": 5}, {":f": "mine", ":m": "text"}):
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            table.update_item(Key=key, **update, ExpressionAttributeValues={":x": 2, **wrong})
    assert table.get_item(Key=key)["Item"]["seen"] == 1


def test_a_repeated_request_token_has_no_second_effect_and_another_request_is_a_mismatch(table: Any) -> None:
    client = table.meta.client

    def add(amount: int) -> None:
        client.transact_write_items(
            ClientRequestToken="token-1",
            TransactItems=[
                {
                    "Update": {
                        "TableName": "things",
                        "Key": {"pk": "a", "sk": "1"},
                        "UpdateExpression": "ADD summed :n",
                        "ExpressionAttributeValues": {":n": amount},
                    }
                }
            ],
        )

    add(5)
    add(5)
    assert table.get_item(Key={"pk": "a", "sk": "1"})["Item"]["summed"] == 5
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        add(6)


def test_a_cancelled_transaction_does_not_use_up_its_token(table: Any) -> None:
    client = table.meta.client
    put = {"TableName": "things", "Item": {"pk": "new", "sk": "1"}, "ConditionExpression": "attribute_not_exists(pk)"}
    check = {"TableName": "things", "Key": {"pk": "a", "sk": "1"}, "ConditionExpression": "attribute_exists(pk)"}
    request = {"ClientRequestToken": "token-2", "TransactItems": [{"Put": put}, {"ConditionCheck": check}]}
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(**request)
    table.put_item(Item={"pk": "a", "sk": "1"})
    client.transact_write_items(**request)
    assert "Item" in table.get_item(Key={"pk": "new", "sk": "1"})
