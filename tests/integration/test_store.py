"""The table, the queues and the bucket, where they answer with less than everything or later than asked."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from penstock.domain.conditions import EXISTS, NEW, equals
from penstock.domain.errors import Contention
from penstock.domain.message import Outgoing
from penstock.domain.quota import Usage
from penstock.domain.work import StoredStep
from penstock.domain.writes import AccountOf, Check, ItemOf, PageOf, Put, Refusal, Update
from penstock.store import keys
from tests.backends import client
from tests.house import House


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.store.table._FIRST_PAUSE", 0.0001)
    monkeypatch.setattr("penstock.store.queues._PAUSE", 0.0001)


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    answer: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    return ClientError(answer, "TransactWriteItems")


class Failing:
    """Stands before one client method: raises each of `errors`, one a call, then lets the calls through."""

    def __init__(self, call: Any, *errors: Exception) -> None:
        self.call, self.errors = call, list(errors)
        self.seen: list[Any] = []

    def __call__(self, **request: Any) -> Any:
        self.seen.append(request)
        if self.errors:
            raise self.errors.pop(0)
        return self.call(**request)


def before(house: House, monkeypatch: pytest.MonkeyPatch, name: str, *errors: Exception) -> Failing:
    client = house.parts.table._client
    failing = Failing(getattr(client, name), *errors)
    monkeypatch.setattr(client, name, failing, raising=False)
    return failing


def test_a_conflict_is_tried_again_under_the_same_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = before(
        house,
        monkeypatch,
        "transact_write_items",
        cancelled("TransactionConflict", "None"),
        cancelled("None", "ThrottlingError"),
        cancelled("ConditionalCheckFailed", "TransactionConflict"),
    )
    writes = [Put(AccountOf("u"), {"n": 1}, NEW), Put(AccountOf("v"), {"n": 1}, NEW)]
    assert house.parts.table.transact(writes) is None
    assert len({request["ClientRequestToken"] for request in failing.seen}) == 1
    assert len(failing.seen) == 4


def test_contention_without_end_changes_nothing_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before(house, monkeypatch, "transact_write_items", *[cancelled("TransactionConflict")] * 10_000)
    with pytest.raises(Contention, match="nothing was changed"):
        house.parts.table.transact([Put(AccountOf("u"), {"n": 1})], patience=0.05)
    assert house.parts.table.get(AccountOf("u")) is None


def test_a_plain_write_waits_for_a_transaction_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, "UpdateItem")
    before(house, monkeypatch, "update_item", busy, busy)
    assert house.parts.table.update(Update(AccountOf("u"), add={"n": 1})) == {"pk": "USER#u", "sk": "ACCOUNT", "n": 1}


def test_an_error_that_is_neither_is_raised(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before(house, monkeypatch, "transact_write_items", cancelled("ValidationError"))
    with pytest.raises(ClientError):
        house.parts.table.transact([Put(AccountOf("u"), {"n": 1})])


def test_a_refusal_says_which_conditions_failed_and_what_stood_there(house: House) -> None:
    table = house.parts.table
    table.transact([Put(AccountOf("u"), {"n": 1})])
    refusal = table.transact(
        [
            Check(AccountOf("u"), equals("n", 1)),
            Check(AccountOf("u2"), EXISTS),
            Update(ItemOf("j", 0), EXISTS, add={"n": 1}),
        ]
    )
    assert refusal == Refusal((False, True, True), (None, None, None))
    refusal = table.transact([Check(AccountOf("u"), equals("n", 2))])
    assert refusal is not None
    assert refusal.images == ({"pk": "USER#u", "sk": "ACCOUNT", "n": 1},)


def test_an_update_sets_adds_and_removes(house: House) -> None:
    ref, table = AccountOf("u"), house.parts.table
    table.update(Update(ref, set={"status": "x", "tags": ("a", "b")}, add={"n": 2}, first={"made": 1}))
    image = table.update(Update(ref, set={"status": None}, add={"n": 3}, first={"made": 2}, remove=("tags",)))
    assert image == {"pk": "USER#u", "sk": "ACCOUNT", "n": 5, "made": 1}


def test_a_stretch_that_is_longer_than_a_page_is_read_to_its_end(house: House) -> None:
    """One answer holds 1 MiB at most."""
    table = house.parts.table
    for first in range(4):
        table.transact([Put(PageOf("j", first), {"first": first, "inputs": "x" * 350_000})])
    stretch = keys.whole_job("j")
    assert table.query(stretch).next
    assert [image["first"] for image in table.query_all(stretch)] == [0, 1, 2, 3]


def test_unprocessed_reads_and_deletes_are_asked_for_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    table = house.parts.table
    refs = [PageOf("j", line) for line in range(30)]
    for start in (0, 15):
        table.transact([Put(ref, {"n": 1}) for ref in refs[start : start + 15]])
    client = table._client
    read, write = client.batch_get_item, client.batch_write_item

    def half_a_read(RequestItems: Any) -> Any:
        wanted = RequestItems[table.name]["Keys"]
        now: Any = {table.name: {**RequestItems[table.name], "Keys": wanted[: len(wanted) // 2 + 1]}}
        reply = read(RequestItems=now)
        rest = wanted[len(wanted) // 2 + 1 :]
        unread = {table.name: {"Keys": rest, "ConsistentRead": True}} if rest else {}
        return {"Responses": reply["Responses"], "UnprocessedKeys": unread}

    def one_delete(RequestItems: Any) -> Any:
        requests = RequestItems[table.name]
        write(RequestItems={table.name: requests[:9]})
        return {"UnprocessedItems": {table.name: requests[9:]} if requests[9:] else {}}

    monkeypatch.setattr(client, "batch_get_item", half_a_read, raising=False)
    monkeypatch.setattr(client, "batch_write_item", one_delete, raising=False)
    assert [image is not None for image in table.get_many([*refs, PageOf("j", 99)])] == [True] * 30 + [False]
    assert table.delete_all(keys.whole_job("j")) == 30
    assert list(table.query_all(keys.whole_job("j"))) == []


def test_messages_that_a_batch_refused_are_sent_again_in_order(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    send, times = client("sqs").send_message_batch, []

    def refusing(QueueUrl: str, Entries: Any) -> Any:
        times.append([entry["Id"] for entry in Entries])
        if len(times) > 1:
            return send(QueueUrl=QueueUrl, Entries=Entries)
        send(QueueUrl=QueueUrl, Entries=Entries[:4])
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in Entries[4:]]}

    monkeypatch.setattr(client("sqs"), "send_message_batch", refusing, raising=False)
    house.parts.queues.send("normal", [Outgoing("{}", f"group-{n}", f"id-{n}") for n in range(12)])
    assert [len(ids) for ids in times] == [10, 6, 2]
    assert house.queued() == 12


def test_messages_that_cannot_be_sent_are_said_to_be_missing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = lambda QueueUrl, Entries: {"Failed": [{"Id": entry["Id"]} for entry in Entries]}  # noqa: E731
    monkeypatch.setattr(client("sqs"), "send_message_batch", refuse, raising=False)
    with pytest.raises(Contention, match="2 messages"):
        house.parts.queues.send("normal", [Outgoing("{}", "group", f"id-{n}") for n in range(2)])


def test_the_first_result_of_a_step_is_the_one_that_is_kept(house: House) -> None:
    files, place = house.parts.files, ("job", 3, 0, "content")
    assert files.load_step(*place) is None
    first, second = StoredStep("first", Usage(output=1)), StoredStep("second", Usage(output=2))
    assert files.keep_step(*place, first) is first
    assert files.keep_step(*place, second) == first
    assert files.load_step(*place) == first


def test_a_folder_is_deleted_and_its_neighbour_is_not(house: House) -> None:
    files = house.parts.files
    for job in ("job", "job-2"):
        for line in range(3):
            files.keep_step(job, line, 0, "content", StoredStep(line, Usage()))
    files.delete_steps("job")
    assert files.load_step("job", 1, 0, "content") is None
    assert files.load_step("job-2", 1, 0, "content") is not None


def test_inputs_are_read_across_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.store.records.PAGE_BYTES", 100)
    lines = [{"line": number, "text": "x" * 20} for number in range(40)]
    pages = house.parts.records.input_pages("j", lines)
    assert len(pages) > 10
    house.parts.table.transact(pages)
    for first, last in ((0, 0), (0, 39), (5, 17), (39, 39)):
        assert house.parts.records.inputs("j", first, last) == lines[first : last + 1]
    assert house.parts.records.inputs("gone", 0, 3) == []
