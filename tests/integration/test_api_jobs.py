"""Jobs over HTTP: what is taken, what is refused, and how a job looks."""

from typing import Any

import pytest

from tests.api import ANN, BEN, JOBS, UNKNOWN_ID, Api, created, refuse
from tests.house import House


def test_a_new_job_says_what_it_will_do(api: Api) -> None:
    keywords = ["forex", " Forex ", "", "vàng"]
    reply = api.post(JOBS, {"keywords": keywords, "name": "Mine", "tags": ["a", "b"], "priority": "high"})
    assert reply.status == 201
    assert reply.headers["location"] == f"{JOBS}/{reply.data['jobId']}"
    assert (reply.data["status"], reply.data["totalItems"], reply.data["number"]) == ("pending", 2, 1)
    assert reply.data["warnings"]
    job = api.get(reply.headers["location"]).data
    assert job["jobData"]["keywords"] == ["forex", "vàng"]
    assert job["jobData"]["settings"]["language"] == "vi"
    assert (job["name"], job["tags"], job["priority"], job["jobType"]) == ("Mine", ["a", "b"], "high", "batch_keywords")


def test_a_job_shows_all_that_the_interface_promises(api: Api) -> None:
    promised = {
        "jobId", "number", "userId", "jobType", "name", "tags", "status", "totalItems", "completedItems", "failedItems",
        "currentItemIndex", "jobData", "articleIds", "tokensAtStart", "tokensUsed", "cost", "articlesLimitAtStart",
        "errorMessage", "pauseReason", "priority", "run", "version", "startedAt", "completedAt", "lastActivityAt",
        "createdAt", "updatedAt", "elapsedSeconds",
    }  # fmt: skip
    job = api.get(f"{JOBS}/{created(api)}").data
    assert promised <= job.keys()
    assert job["userId"] == ANN["sub"]
    assert job["createdAt"] == "2027-01-15T08:00:00.000Z"
    assert job["startedAt"] is job["elapsedSeconds"] is None


def test_a_finished_job_shows_what_it_made_and_took(api: Api, house: House) -> None:
    job_id = created(api, 3)
    house.script.at(1, refuse)
    house.run()
    house.clock.advance(90)
    job = api.get(f"{JOBS}/{job_id}").data
    assert (job["status"], job["completedItems"], job["failedItems"], job["remainingItems"]) == ("completed", 2, 1, 0)
    assert job["articleIds"] == [f"{job_id}-000000", f"{job_id}-000002"]
    assert job["tokensUsed"] == 120
    assert (job["cost"], job["costMicros"]) == (0.00016, 160)
    assert job["jobData"]["inputs"] == [{"line": 0}, {"line": 1}, {"line": 2}]
    assert job["elapsedSeconds"] == 0.0


@pytest.mark.parametrize("name", ["job_type", "jobType"])
def test_names_are_taken_in_both_spellings(api: Api, name: str) -> None:
    assert api.post(JOBS, {name: "toy", "lines": 1}).status == 201


def test_the_kind_is_articles_if_none_is_named(api: Api) -> None:
    assert api.get(f"{JOBS}/{api.post(JOBS, {'keywords': 'a, b'}).data['jobId']}").data["jobType"] == "batch_keywords"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "keywords", "required"),
        ({"keywords": []}, "keywords", "at least one"),
        ({"keywords": [" ", "\t"]}, "keywords", "at least one"),
        ({"keywords": [f"k{number}" for number in range(10_001)]}, "keywords", "10,000"),
        ({"keywords": ["a", "b" * 201]}, "keywords[1]", "200"),
        ({"keywords": ["a"], "settings": {"model": "gpt-0"}}, "settings.model", "gpt-0"),
        ({"keywords": ["a"], "settings": {"language": "klingonese"}}, "settings.language", "klingonese"),
        ({"keywords": ["a"], "settings": {"tone": "rude"}}, "settings.tone", "professional"),
        ({"keywords": ["a"], "settings": {"maxImages": -1}}, "settings.maxImages", "0"),
        ({"keywords": ["a"], "settings": {"max_images": 11}}, "settings.max_images", "10"),
        ({"keywords": ["a"], "settings": {"colour": "red"}}, "settings.colour", "not known"),
        ({"keywords": ["a"], "colour": "red"}, "colour", "not known"),
        ({"keywords": ["a"], "settings": {"websiteId": UNKNOWN_ID}}, "settings.websiteId", UNKNOWN_ID),
        ({"keywords": ["a"], "budget": -1}, "budget", "0"),
        ({"keywords": ["a"], "budget": 10**40}, "budget", "1000000000000"),
        ({"keywords": ["a"], "priority": "urgent"}, "priority", "'high'"),
        ({"keywords": ["a"], "name": "n" * 121}, "name", "120"),
        ({"jobType": "poems"}, "jobType", "batch_keywords, toy, stages"),
        ({"job_type": 7}, "job_type", "batch_keywords"),
        ({"jobType": "toy", "lines": "many"}, "lines", "integer"),
    ],
)
def test_bad_input_names_the_field_and_the_remedy(api: Api, body: Any, field: str, words: str) -> None:
    faults = api.post(JOBS, body).faults
    assert field in faults, faults
    assert words in faults[field]
    assert api.get(JOBS).json["pagination"]["total"] == 0


def test_inputs_over_three_megabytes_are_refused(api: Api) -> None:
    lines = [{"keyword": f"keyword {number}", "outline": "o" * 4_900} for number in range(700)]
    reply = api.post(JOBS, {"keywords": lines})
    assert reply.status == 413
    assert "3,000,000" in reply.json["detail"]


def test_a_body_over_the_limit_is_refused(api: Api) -> None:
    assert api.post(JOBS, "x" * 4_000_001).status == 413


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{", {}, 400),
        ('{"keywords": ["a"], "keywords": ["b"]}', {}, 400),
        ('{"keywords": ["a"], "budget": NaN}', {}, 400),
        ('{"keywords": ["\\ud800"]}', {}, 400),
        ("[" * 50_000, {}, 400),
        ('["keywords"]', {}, 422),
        (None, {}, 422),
        ('{"keywords": ["a"]}', {"content_type": "text/plain"}, 415),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_of_its_own(api: Api, body: Any, headers: Any, status: int) -> None:
    reply = api.post(JOBS, body, **headers)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_the_same_request_twice_makes_one_job(api: Api) -> None:
    body = {"jobType": "toy", "lines": 2}
    first = api.post(JOBS, body, Idempotency_Key="key-1")
    again = api.post(JOBS, dict(reversed(body.items())), Idempotency_Key="key-1")
    assert (first.status, again.status) == (201, 201)
    assert first.data == again.data
    assert first.headers["location"] == again.headers["location"]
    other = api.post(JOBS, {"jobType": "toy", "lines": 3}, Idempotency_Key="key-1")
    assert other.json["code"] == "idempotency_mismatch"
    assert "Idempotency-Key" in other.faults
    assert api.get(JOBS).json["pagination"]["total"] == 1
    assert api.as_(BEN).post(JOBS, body, Idempotency_Key="key-1").data["jobId"] != first.data["jobId"]


@pytest.mark.parametrize("key", ["k" * 256, "schlüssel", "a\tb"])
def test_a_key_must_fit_a_key(api: Api, key: str) -> None:
    assert "Idempotency-Key" in api.post(JOBS, {"jobType": "toy", "lines": 1}, Idempotency_Key=key).faults
