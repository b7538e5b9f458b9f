"""Accounts over HTTP: balance, ledger, usage, grants, closing; and who may do what."""

from typing import Any

import pytest

from penstock.domain.errors import Refused
from tests.api import ADMIN, BEN, JOBS, Api
from tests.house import House
from tests.toys import USED


def test_an_account_is_opened_when_first_seen(api: Api) -> None:
    account = api.get("/api/account").data
    assert (account["userId"], account["username"], account["plan"]) == ("user-a", "ann", "default")
    assert (account["tokensRemaining"], account["articleLimit"]) == (100_000, 1_000)
    assert account["totals"]["tokensUsed"] == 0
    assert api.get("/api/account").data == account


def test_work_is_charged_and_told(api: Api, house: House) -> None:
    def refuse() -> None:
        raise Refused("Not this one.")

    house.script.at(1, refuse)
    job_id = api.post(JOBS, {"jobType": "toy", "lines": 3}).data["jobId"]
    house.run()
    used = 2 * 2 * USED.tokens
    account = api.get("/api/account").data
    assert (account["tokensRemaining"], account["articleLimit"]) == (100_000 - used, 998)
    assert (account["totals"]["itemsDone"], account["totals"]["itemsFailed"]) == (2, 1)
    rows = api.get("/api/account/ledger").data
    assert [row["type"] for row in rows] == ["charge", "not_charged", "charge", "grant"]
    assert sum(row["tokens"] for row in rows) == account["tokensRemaining"]
    assert (rows[0]["jobId"], rows[0]["index"], rows[0]["jobType"]) == (job_id, 2, "toy")
    usage = api.get("/api/account/usage").data
    assert [(day["day"], day["itemsDone"], day["itemsFailed"]) for day in usage] == [("2027-01-15", 2, 1)]
    assert usage[0]["costMicros"] == account["totals"]["costMicros"] > 0


def test_the_ledger_is_read_on_with_a_cursor(api: Api, house: House) -> None:
    api.post(JOBS, {"jobType": "toy", "lines": 4})
    house.run()
    whole = [row["id"] for row in api.get("/api/account/ledger", limit=100).data]
    seen, cursor = [], None
    while True:
        reply = api.get("/api/account/ledger", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [row["id"] for row in reply.data]
        cursor = reply.json["pagination"]["next"]
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) == 5
    assert set(api.get("/api/account/ledger", cursor="l7").faults) == {"cursor"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2027-01-15", "to": "2027-01-14"}, "from"),
        ({"from": "2020-01-01", "to": "2027-01-14"}, "from"),
        ({"to": "2027-13-01"}, "to"),
        ({"to": "0001-01-01"}, None),
    ],
)
def test_days_must_be_days(api: Api, query: Any, field: str | None) -> None:
    reply = api.get("/api/account/usage", **query)
    assert reply.status == 200 if field is None else set(reply.faults) == {field}


def test_usage_is_told_for_the_days_asked(api: Api, house: House) -> None:
    api.post(JOBS, {"jobType": "toy", "lines": 1})
    house.run()
    house.clock.advance(40 * 86_400)
    assert api.get("/api/account/usage").data == []
    day: Any = {"from": "2027-01-15", "to": "2027-01-15"}
    assert len(api.get("/api/account/usage", **day).data) == 1


@pytest.mark.parametrize("target", ["user-a", "ann", "ANN"])
def test_a_grant_wakes_what_paused_for_want_of_it(api: Api, house: House, target: str) -> None:
    admin = api.as_(ADMIN)
    api.get("/api/account")
    assert admin.post(f"/api/accounts/{target}/grants", {"tokens": -100_000, "note": "none left"}).status == 200
    job_id = api.post(JOBS, {"jobType": "toy", "lines": 2}).data["jobId"]
    house.run()
    job = api.get(f"{JOBS}/{job_id}").data
    assert (job["status"], job["pauseReason"]) == ("paused", "tokens")
    assert job["errorMessage"] == "Out of tokens at line 1/2"
    granted = admin.post(f"/api/accounts/{target}/grants", {"tokens": 5_000, "note": "more"})
    assert (granted.status, granted.data["tokensRemaining"], granted.data["userId"]) == (200, 5_000, "user-a")
    house.run()
    assert api.get(f"{JOBS}/{job_id}").data["status"] == "completed"
    assert "more" in [row["note"] for row in api.get("/api/account/ledger").data]


def test_a_grant_is_given_once_a_key(api: Api) -> None:
    api.get("/api/account")
    admin, path, body = api.as_(ADMIN), "/api/accounts/ann/grants", {"articles": 5}
    assert admin.post(path, body, Idempotency_Key="g").data["articleLimit"] == 1_005
    assert admin.post(path, body, Idempotency_Key="g").data["articleLimit"] == 1_005
    assert admin.post(path, {"articles": 6}, Idempotency_Key="g").json["code"] == "idempotency_mismatch"
    assert admin.post(path, body).data["articleLimit"] == 1_010


def test_a_balance_does_not_go_below_zero(api: Api) -> None:
    api.get("/api/account")
    reply = api.as_(ADMIN).post("/api/accounts/ann/grants", {"tokens": -100_001})
    assert (reply.status, reply.json["error"]["details"]["balance"]["tokens"]) == (409, 100_000)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "tokens"),
        ({"tokens": "many"}, "tokens"),
        ({"tokens": 1.5}, "tokens"),
        ({"tokens": 10**13}, "tokens"),
        ({"articles": 1, "note": "n" * 501}, "note"),
        ({"money": 1}, "money"),
    ],
)
def test_a_bad_grant_names_its_field(api: Api, body: dict[str, object], field: str) -> None:
    api.get("/api/account")
    assert set(api.as_(ADMIN).post("/api/accounts/ann/grants", body).faults) == {field}


@pytest.mark.parametrize("target", ["nobody", "n" * 3_000])
def test_a_grant_to_nobody_is_not_found(api: Api, target: str) -> None:
    assert api.as_(ADMIN).post(f"/api/accounts/{target}/grants", {"tokens": 1}).status == 404


def test_only_admins_grant(api: Api) -> None:
    api.get("/api/account")
    reply = api.post("/api/accounts/ann/grants", {"tokens": 10**9})
    assert (reply.status, reply.json["code"]) == (403, "forbidden")
    assert api.get("/api/account").data["tokensRemaining"] == 100_000


def test_closing_an_account_takes_everything_of_that_user_and_nothing_else(api: Api, house: House) -> None:
    other = api.as_(BEN)
    for each in (api, other):
        each.post(JOBS, {"keywords": ["forex"], "settings": {"length": "short"}})
        each.post("/api/websites", {"name": "n", "url": "https://a.example"})
    house.run()
    assert api.delete("/api/account").status == 204
    house.run()
    for path in (JOBS, "/api/articles", "/api/websites", "/api/account/ledger", "/api/account/usage"):
        assert api.get(path).data == [], path
        assert len(other.get(path).data) >= 1, path
    assert api.get("/api/account").data["tokensRemaining"] == 0


def test_models_are_told_with_prices_and_who_answers(api: Api) -> None:
    models = api.get("/api/models").data
    assert sum(model["default"] for model in models) == 1
    for model in models:
        assert {"id", "aliases", "provider", "prices", "features", "available"} <= model.keys()
        assert (model["available"], model["writtenBy"]) == (False, "offline")
    named = {name.casefold() for model in models for name in (model["id"], *model["aliases"])}
    assert {"gpt-4o-mini", "gpt-4"} <= named


@pytest.mark.parametrize(
    ("problem", "code"), [("token_expired", "token_expired"), ("token_forged", "token_forged"), (None, "token_missing")]
)
@pytest.mark.parametrize("path", [JOBS, "/api/account", "/api/models", "/api/nothing", "/api/batch-jobs/x/items"])
def test_nothing_is_told_to_who_has_no_token(api: Api, problem: str | None, code: str, path: str) -> None:
    reply = api.as_({"problem": problem} if problem else {}).get(path)
    assert (reply.status, reply.json["code"]) == (401, code)
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_an_issuer_that_does_not_answer_is_said_to_be_away(api: Api) -> None:
    reply = api.as_({"problem": "keys_unavailable"}).get(JOBS)
    assert reply.status == 503
    assert "retry-after" in reply.headers


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs"])
def test_some_things_are_told_to_everybody(api: Api, path: str) -> None:
    assert api.as_({}).get(path).status == 200


def test_an_unknown_path_and_a_wrong_verb_are_problems(api: Api) -> None:
    for path in ("/", "/nothing", "/api", "/api/nothing", "/api/batch-jobs/", "/API/account"):
        reply = api.get(path)
        assert (reply.status, reply.json["code"]) == (404, "unknown_path"), path
    wrong = api.call("PUT", JOBS, {})
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET, POST")
    assert api.post("/healthz").headers["allow"] == "GET"


def test_a_fault_of_ours_is_logged_and_not_told(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the table")

    monkeypatch.setattr(type(house.parts.records), "account", break_down)
    reply = api.get("/api/account")
    assert (reply.status, reply.json["code"]) == (500, "internal")
    assert b"secret" not in reply.content
    assert "the secret of the table" in caplog.text
    assert caplog.records[-1].__dict__["request_id"] == reply.json["requestId"] == "request-1"
