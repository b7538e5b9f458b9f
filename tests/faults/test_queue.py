"""The queue that fault tests rest on is as strict as SQS FIFO, and goes by the test's clock."""

from random import Random
from typing import Any

import pytest

from penstock.domain.message import ItemMessage, Outgoing
from tests.house import House
from tests.queues import Delivery

VISIBILITY = 960
REMEMBERED = 300
MOST_RECEIVES = 12


def send(house: House, index: int, group: str = "ann", run: int = 1) -> None:
    message = ItemMessage(user=group, job_id="job", kind="toy", index=index, stage=0, run=run, retried_in=0, total=9)
    house.parts.queues.send("normal", [Outgoing(message.encode(), group, message.dedup_id)])


def places(deliveries: list[Delivery]) -> list[tuple[int, int]]:
    return [(each.message.index, each.message.run) for each in deliveries]


def taken(house: House) -> Delivery:
    delivery = house.receive()
    assert delivery is not None
    return delivery


def test_a_dedup_id_is_remembered_for_five_minutes_also_after_the_message_is_gone(house: House) -> None:
    send(house, 0)
    house.acknowledge(taken(house))
    house.clock.advance(REMEMBERED - 1)
    send(house, 0)
    assert house.queued() == 0
    house.clock.advance(2)
    send(house, 0)
    assert house.queued() == 1


def test_another_run_is_another_message(house: House) -> None:
    send(house, 0, run=1)
    send(house, 0, run=2)
    assert house.queued() == 2


def test_a_group_waits_for_its_message_in_flight(house: House) -> None:
    for index in range(2):
        send(house, index)
    send(house, 5, group="ben")
    first, other = taken(house), taken(house)
    assert [first.message.index, other.message.index] == [0, 5]
    assert house.receive() is None
    house.acknowledge(first)
    assert taken(house).message.index == 1


def test_visibility_ends_by_the_clock_and_the_old_handle_with_it(house: House) -> None:
    send(house, 0)
    first = taken(house)
    house.clock.advance(VISIBILITY - 1)
    assert house.receive() is None
    house.clock.advance(2)
    assert not house.queues.acknowledge(first)
    assert taken(house).record["attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_that_is_received_too_often_moves_to_the_dead_letters(house: House) -> None:
    send(house, 0)
    for receives in range(1, MOST_RECEIVES + 1):
        delivery = taken(house)
        assert delivery.record["attributes"]["ApproximateReceiveCount"] == str(receives)
        house.give_back(delivery)
    assert house.receive() is None
    assert (house.queued(), house.queues.count(dead=True)) == (0, 1)


def test_a_redriven_dead_letter_begins_its_receives_anew(house: House) -> None:
    send(house, 0)
    assert house.queues.kill(Random(1))
    assert house.queues.redrive() == 1
    assert taken(house).record["attributes"]["ApproximateReceiveCount"] == "1"
    assert house.queues.count(dead=True) == 0


def test_what_is_lost_is_not_delivered_and_its_group_goes_on(house: House) -> None:
    for index in range(2):
        send(house, index)
    first = taken(house)
    house.queues.purge()
    assert not house.queues.lose(Random(1))
    send(house, 2)
    assert taken(house).message.index == 2
    assert house.queues.acknowledge(first), "SQS says nothing of a message that is gone"


def test_a_forced_duplicate_comes_though_the_id_is_remembered(house: House) -> None:
    send(house, 0)
    house.queues.duplicate(Random(1))
    for _ in range(2):
        delivery = taken(house)
        assert delivery.message.index == 0
        house.acknowledge(delivery)
    assert house.receive() is None


@pytest.mark.parametrize("seed", range(3))
def test_messages_of_two_runs_can_change_places(house: House, seed: int) -> None:
    sent = [(index, run) for run in (1, 2) for index in range(4)]
    for index, run in sent:
        send(house, index, run=run)
    house.queues.shuffle(Random(seed))
    received = []
    while delivery := house.receive():
        received.append(delivery)
        house.acknowledge(delivery)
    assert places(received) != sent
    assert sorted(places(received)) == sorted(sent)


@pytest.mark.emulator_only(reason="the clock of DynamoDB Local is the machine's")
def test_a_request_token_is_remembered_by_the_same_clock(house: House) -> None:
    """Ten minutes, as DynamoDB does: a transaction sent again under its token happens once."""
    client, name = house.parts.table._client, house.parts.table.name
    counter: Any = {"TableName": name, "Key": {"pk": {"S": "COUNTER"}, "sk": {"S": "COUNTER"}}}
    write: Any = {**counter, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    def counted(token: str) -> str:
        client.transact_write_items(TransactItems=[{"Update": write}], ClientRequestToken=token)
        return str(client.get_item(**counter, ConsistentRead=True)["Item"]["n"]["N"])

    assert [counted("token"), counted("token")] == ["1", "1"]
    house.clock.advance(599)
    assert counted("token") == "1"
    house.clock.advance(2)
    assert counted("token") == "2"
