"""Jobs steered over HTTP, one by one and many at once; and what they would cost."""

from typing import Any

import pytest

from tests.api import BEN, JOBS, UNKNOWN_ID, Api, created, refuse
from tests.house import House


def test_a_job_is_steered_through_its_life(api: Api, house: House) -> None:
    job_id = created(api, 2)
    house.script.at(0, refuse)
    path = f"{JOBS}/{job_id}"
    paused = api.post(f"{path}/pause")
    assert (paused.status, paused.data["status"], paused.data["pauseReason"]) == (200, "paused", "user")
    resumed = api.post(f"{path}/resume")
    assert (resumed.data["status"], resumed.data["run"]) == ("pending", 2)
    assert resumed.headers["etag"] == f'"{resumed.data["version"]}"'
    house.run()
    assert api.get(path).data["failedItems"] == 1
    assert api.post(f"{path}/retry").data["status"] == "pending"
    house.run()
    assert (api.get(path).data["completedItems"], api.get(path).data["failedItems"]) == (2, 0)
    assert api.delete(path).status == 204
    for reply in (api.get(path), api.post(f"{path}/retry"), api.delete(path), api.get(f"{path}/items")):
        assert reply.status == 404
    assert api.get(JOBS).data == []


@pytest.mark.parametrize(
    ("before", "action", "status"),
    [
        ([], "resume", "pending"),
        ([], "retry", "pending"),
        (["pause"], "pause", "paused"),
        (["cancel"], "cancel", "cancelled"),
        (["cancel"], "pause", "cancelled"),
        (["cancel"], "resume", "cancelled"),
        (["cancel"], "retry", "cancelled"),
    ],
)
def test_what_the_state_does_not_allow_names_the_state(api: Api, before: list[str], action: str, status: str) -> None:
    path = f"{JOBS}/{created(api)}"
    for each in before:
        assert api.post(f"{path}/{each}").status == 200
    reply = api.post(f"{path}/{action}")
    assert reply.status == 409
    assert status in reply.json["detail"]
    assert reply.json["error"]["details"]["status"] == status
    assert status not in reply.json["error"]["details"]["allowedFrom"]


def test_a_job_at_work_is_not_deleted(api: Api) -> None:
    reply = api.delete(f"{JOBS}/{created(api)}")
    assert (reply.status, reply.json["error"]["details"]["status"]) == (409, "pending")


def test_a_job_is_renamed_and_its_budget_changed(api: Api) -> None:
    path = f"{JOBS}/{created(api, 1, budget=500)}"
    changed = api.patch(path, {"name": "New", "tags": ["t"], "budget": 700})
    assert changed.status == 200
    assert (changed.data["name"], changed.data["tags"], changed.data["budget"]) == ("New", ["t"], 700)
    assert api.patch(path, {"budget": None}).data["budget"] is None
    assert api.get(path).data["name"] == "New"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"tags": None}, "tags"),
        ({"tags": [""]}, "tags[0]"),
        ({"tags": ["t"] * 21}, "tags"),
        ({"budget": -1}, "budget"),
        ({"budget": 10**40}, "budget"),
        ({"status": "completed"}, "status"),
    ],
)
def test_a_bad_change_names_its_field(api: Api, body: Any, field: str) -> None:
    assert set(api.patch(f"{JOBS}/{created(api)}", body).faults) == {field}


def test_a_change_may_be_tied_to_a_version(api: Api) -> None:
    path = f"{JOBS}/{created(api)}"
    tag = api.get(path).headers["etag"]
    assert api.patch(path, {"name": "first"}, If_Match=tag).status == 200
    late = api.patch(path, {"name": "second"}, If_Match=tag)
    assert (late.status, late.json["code"]) == (412, "precondition_failed")
    assert api.get(path).data["name"] == "first"


def test_another_users_job_is_not_found(api: Api) -> None:
    path = f"{JOBS}/{created(api)}"
    other = api.as_(BEN)
    replies = [
        other.get(path),
        other.get(f"{path}/items"),
        other.patch(path, {"name": "mine"}),
        other.delete(path),
        *(other.post(f"{path}/{action}") for action in ("pause", "resume", "cancel", "retry")),
    ]
    assert {reply.status for reply in replies} == {404}
    assert other.get(JOBS).data == []
    assert api.get(path).data["status"] == "pending"


def test_many_jobs_are_steered_at_once(api: Api) -> None:
    ids = [created(api, 1) for _ in range(3)]
    api.post(f"{JOBS}/{ids[0]}/cancel")
    dry = api.post(f"{JOBS}/actions", {"action": "pause", "ids": [*ids, UNKNOWN_ID], "dryRun": True}).data
    assert (dry["matched"], dry["ok"], dry["refused"], dry["dryRun"]) == (4, 2, 2, True)
    assert api.get(JOBS, status="paused").data == []
    done = api.post(f"{JOBS}/actions", {"action": "pause", "ids": [*ids, UNKNOWN_ID]}).data
    assert [(each["jobId"], each["ok"], each["code"]) for each in done["results"]] == [
        (ids[0], False, "conflict"),
        (ids[1], True, None),
        (ids[2], True, None),
        (UNKNOWN_ID, False, "not_found"),
    ]
    assert {job["jobId"] for job in api.get(JOBS, status="paused").data} == set(ids[1:])


def test_a_selection_by_filter_is_done_in_parts(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.bulk.MOST", 2)
    for _ in range(3):
        created(api, 1, tags=["old"])
    kept = created(api, 1)
    body = {"action": "cancel", "filter": {"tag": "old", "status": "pending"}}
    first = api.post(f"{JOBS}/actions", body).data
    assert (first["matched"], first["ok"], first["left"]) == (3, 2, 1)
    second = api.post(f"{JOBS}/actions", body).data
    assert (second["matched"], second["ok"], second["left"]) == (1, 1, 0)
    assert [job["jobId"] for job in api.get(JOBS, status="pending").data] == [kept]
    gone = api.post(f"{JOBS}/actions", {"action": "delete", "filter": {"status": "cancelled"}}).data
    assert [each["status"] for each in gone["results"]] == [None, None]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "pause"},
        {"action": "pause", "ids": [UNKNOWN_ID], "filter": {}},
        {"action": "pause", "ids": []},
        {"action": "explode", "ids": [UNKNOWN_ID]},
        {"action": "pause", "filter": {"colour": "red"}},
        {"action": "pause", "ids": [UNKNOWN_ID], "dryRun": "yes"},
    ],
)
def test_a_bad_selection_is_refused(api: Api, body: Any) -> None:
    assert api.post(f"{JOBS}/actions", body).faults


def test_an_estimate_spends_nothing(api: Api) -> None:
    body = {"keywords": ["forex", "vàng", "vàng"], "settings": {"length": "short"}}
    estimate = api.post(f"{JOBS}/estimate", body).data
    assert estimate["items"] == 2
    assert 0 < estimate["low"]["tokens"] < estimate["high"]["tokens"]
    assert 0 < estimate["low"]["cost"] < estimate["high"]["cost"]
    assert estimate["high"]["articles"] == 2
    assert estimate["fits"] is True
    assert any("vàng" in warning or "repeat" in warning.lower() for warning in estimate["warnings"])
    assert api.get(JOBS).data == []
    assert api.get("/api/account").data["tokensRemaining"] == 100_000


def test_an_estimate_covers_what_the_job_then_takes(api: Api, house: House) -> None:
    body = {"keywords": ["forex", "vàng"], "settings": {"length": "short"}}
    estimate = api.post(f"{JOBS}/estimate", body).data
    job_id = api.post(JOBS, body).data["jobId"]
    house.run()
    job = api.get(f"{JOBS}/{job_id}").data
    assert job["completedItems"] == 2
    assert 0 < job["tokensUsed"] <= estimate["high"]["tokens"]
    assert job["costMicros"] <= estimate["high"]["costMicros"]


def test_an_estimate_beyond_the_balance_does_not_fit(api: Api) -> None:
    estimate = api.post(f"{JOBS}/estimate", {"keywords": [f"k{number}" for number in range(1_200)]}).data
    assert estimate["items"] == 1_200
    assert estimate["fits"] is estimate["fitsSurely"] is False
    assert "keywords" in api.post(f"{JOBS}/estimate", {"keywords": []}).faults
