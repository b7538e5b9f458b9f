"""Messages: what makes them one, and how large they may be."""

import json

import pytest

from penstock.domain.item import claimable, reopened
from penstock.domain.message import MOST_BYTES, ItemMessage


def message(**fields: object) -> ItemMessage:
    base = {"user": "u", "job_id": "j", "kind": "k", "index": 0, "stage": 0, "run": 1, "retried_in": 0, "total": 5}
    return ItemMessage.model_validate({**base, "input": {"line": "Học"}, "settings": {"model": "m"}, **fields})


def test_a_message_survives_the_queue() -> None:
    assert ItemMessage.decode(message().encode()) == message()


@pytest.mark.parametrize("field", ["job_id", "index", "stage", "run"])
def test_the_dedup_id_tells_job_line_stage_and_run_apart(field: str) -> None:
    other = {"job_id": "other", "index": 1, "stage": 1, "run": 2}[field]
    assert message(**{field: other}).dedup_id != message().dedup_id
    assert message(retried_in=1).dedup_id == message().dedup_id


def test_a_large_input_stays_behind() -> None:
    body = message(input={"outline": "đ" * MOST_BYTES}).encode()
    assert len(body.encode()) <= MOST_BYTES
    assert json.loads(body)["input"] is json.loads(body)["settings"] is None


@pytest.mark.parametrize(
    ("image", "fields", "claims"),
    [
        (None, {}, True),
        (None, {"stage": 1}, False),
        ({"status": "queued", "stage": 1}, {"stage": 1}, True),
        ({"status": "queued", "stage": 1}, {}, False),
        ({"status": "running", "stage": 0}, {}, False),
        ({"status": "done", "stage": 0, "run": 1}, {"run": 2, "retried_in": 2}, False),
        ({"status": "failed", "stage": 0, "run": 1}, {"run": 2}, False),
        ({"status": "failed", "stage": 1, "run": 1}, {"run": 2, "retried_in": 2}, True),
        ({"status": "failed", "stage": 1, "run": 1}, {"run": 2, "retried_in": 2, "stage": 1}, False),
        ({"status": "failed", "stage": 0, "run": 2}, {"run": 3, "retried_in": 2}, False),
        ({"status": "done", "stage": 0, "run": 1}, {"index": 5, "run": 2}, True),
        ({"status": "done", "stage": 0, "run": 2}, {"index": 5, "run": 2}, False),
    ],
)
def test_what_a_message_may_claim(image: dict[str, object] | None, fields: dict[str, object], claims: bool) -> None:
    there = {"pk": "JOB#j", **image} if image else None
    asked = message(**fields)
    assert claimable(asked).holds(there) == claims
    assert not (reopened(asked).holds(there) and image and image["status"] == "running")
