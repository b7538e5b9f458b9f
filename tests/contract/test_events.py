"""The events for `sam local invoke`: shaped as AWS shapes them, with something in them for the functions to read."""

import hashlib
import json
from pathlib import Path

import pytest

from local import filters
from penstock.domain.message import ItemMessage
from penstock.store import changes
from tests.contract.cloudformation import FUNCTIONS, ROOT, Json, mappings, properties

EVENTS = sorted((ROOT / "events").glob("*.json"))


def load(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def function_of(path: Path) -> str:
    return path.stem.partition("-")[0]


def events_of(*functions: str) -> list[Path]:
    return [path for path in EVENTS if function_of(path) in functions]


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert {function_of(path) for path in EVENTS} == set(FUNCTIONS)


@pytest.mark.parametrize("path", events_of("api", "authorizer"), ids=lambda path: path.stem)
def test_http_events_are_payload_2_for_a_route_of_the_template(path: Path) -> None:
    event = load(path)
    assert event["version"] == "2.0"
    method, _, route = event["routeKey"].rpartition(" ")
    paths = properties("HttpApi")["Body"]["paths"]
    operations = paths[f"/{route}" if route == "$default" else route]
    assert {"ANY": "x-amazon-apigateway-any-method", "": "x-amazon-apigateway-any-method"}.get(
        method, method.lower()
    ) in operations
    assert event["requestContext"]["http"]["path"] == event["rawPath"]
    assert event["requestContext"]["routeKey"] == event["routeKey"]
    assert all(name == name.lower() for name in event["headers"])


@pytest.mark.parametrize("path", events_of("worker", "dead_letters"), ids=lambda path: path.stem)
def test_queue_events_carry_an_item_message_under_its_own_ids(path: Path) -> None:
    for record in load(path)["Records"]:
        message = ItemMessage.decode(record["body"])
        assert record["attributes"]["MessageDeduplicationId"] == message.dedup_id
        assert record["attributes"]["MessageGroupId"] == message.user
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("path", events_of("dispatcher"), ids=lambda path: path.stem)
def test_stream_events_pass_the_templates_filters_and_say_something(path: Path) -> None:
    records = load(path)["Records"]
    patterns = filters.parse("DispatcherFunction", mappings("DispatcherFunction")["Table"]["FilterCriteria"])
    assert all(filters.wanted(record, patterns) for record in records)
    assert changes.read(records)


def test_stream_filters_leave_out_what_the_dispatcher_has_no_use_for() -> None:
    patterns = filters.parse("DispatcherFunction", mappings("DispatcherFunction")["Table"]["FilterCriteria"])
    (record,) = load(ROOT / "events" / "dispatcher-item-waits.json")["Records"]
    change, image = record["dynamodb"], record["dynamodb"]["NewImage"]
    running = {**record, "dynamodb": {**change, "NewImage": {**image, "status": {"S": "running"}}}}
    first_stage = {**record, "dynamodb": {**change, "NewImage": {**image, "stage": {"N": "0"}}}}
    account = {**record, "dynamodb": {**change, "Keys": {"pk": {"S": "USER#u"}, "sk": {"S": "ACCOUNT"}}}}
    removed = {**record, "dynamodb": {key: each for key, each in change.items() if key != "NewImage"}}
    assert not [each for each in (running, first_stage, account, removed) if filters.wanted(each, patterns)]
