"""Jobs and their lines as they are read over HTTP: lists, filters, progress, cursors."""

import json
from typing import Any

import pytest

from tests.api import JOBS, UNKNOWN_ID, Api, created, refuse
from tests.house import House


def test_lists_are_paged_newest_first_with_totals(api: Api) -> None:
    ids = [created(api, 1, name=f"job {number}") for number in range(5)]
    reply = api.get(JOBS, page=2, limit=2)
    assert [job["jobId"] for job in reply.data] == [ids[2], ids[1]]
    assert reply.json["pagination"] == {"page": 2, "limit": 2, "total": 5, "totalPages": 3}
    assert api.get(JOBS, page=9).data == []
    assert "jobData" not in reply.data[0]


def test_lists_are_filtered(api: Api) -> None:
    mine = created(api, 1, name="Tháng Mười", tags=["autumn", "x"])
    paused = created(api, 1, name="other", tags=["autumn"])
    api.post(f"{JOBS}/{paused}/pause")
    articles = api.post(JOBS, {"keywords": ["gold"]}).data["jobId"]

    def ids(**query: Any) -> list[str]:
        reply = api.get(JOBS, **query)
        assert reply.json["pagination"]["total"] == len(reply.data)
        return [job["jobId"] for job in reply.data]

    assert ids(status="paused") == [paused]
    assert ids(jobType="batch_keywords") == [articles]
    assert ids(jobType="toy", status="pending") == [mine]
    assert ids(tag="autumn") == [paused, mine]
    assert ids(q="tháng") == [mine]
    assert ids(q="3") == [articles]
    assert ids(tag="autumn", status="completed") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": 0}, "page"),
        ({"page": "x"}, "page"),
        ({"page": 10**30}, "page"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"status": "done"}, "status"),
        ({"status": ""}, "status"),
        ({"q": "x" * 201}, "q"),
    ],
)
def test_a_bad_query_names_its_parameter(api: Api, query: Any, field: str) -> None:
    assert set(api.get(JOBS, **query).faults) == {field}


def test_progress_is_counters_and_status_alone(api: Api, house: House) -> None:
    job_id = created(api, 2)
    house.run()
    progress = api.get(f"{JOBS}/{job_id}", view="progress").data
    assert (progress["status"], progress["completedItems"], progress["currentItemIndex"]) == ("completed", 2, 2)
    assert not {"jobData", "articleIds", "name"} & progress.keys()
    assert set(api.get(f"{JOBS}/{job_id}", view="everything").faults) == {"view"}


def test_what_has_not_changed_is_not_sent_again(api: Api, house: House) -> None:
    job_id = created(api, 1)
    first = api.get(f"{JOBS}/{job_id}")
    tag = first.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"999", {tag}', "*"):
        again = api.get(f"{JOBS}/{job_id}", {"if-none-match": sent})
        assert (again.status, again.content, again.headers["etag"]) == (304, b"", tag)
    house.run()
    changed = api.get(f"{JOBS}/{job_id}", {"if-none-match": tag})
    assert changed.status == 200
    assert changed.headers["etag"] == f'"{changed.data["version"]}"' != tag


def test_lines_are_shown_in_order_with_what_became_of_them(api: Api, house: House) -> None:
    job_id = created(api, 4)
    house.script.at(1, refuse)
    for _ in range(2):
        delivery = house.receive()
        assert delivery
        house.work(delivery)
    lines = api.get(f"{JOBS}/{job_id}/items").data
    assert [line["status"] for line in lines] == ["done", "failed", "queued", "queued"]
    assert [line["index"] for line in lines] == [0, 1, 2, 3]
    assert lines[3]["input"] == {"line": 3}
    assert (lines[0]["result"], lines[0]["tokensCharged"], lines[0]["attempts"]) == (f"{job_id}-000000", 60, 1)
    assert lines[1]["error"] == {"code": "refused", "message": "Not this one."}
    assert lines[1]["tokensCharged"] == lines[1]["tokensReserved"] == 0
    failed = api.get(f"{JOBS}/{job_id}/items", status="failed")
    assert [line["index"] for line in failed.data] == [1]
    assert [line["index"] for line in api.get(f"{JOBS}/{job_id}/items", status="queued").data] == [2, 3]


def test_a_reopened_line_waits_again(api: Api, house: House) -> None:
    job_id = created(api, 1)
    house.script.at(0, refuse)
    house.run()
    api.post(f"{JOBS}/{job_id}/retry")
    assert [line["status"] for line in api.get(f"{JOBS}/{job_id}/items").data] == ["queued"]


def test_lines_are_read_on_with_a_cursor(api: Api) -> None:
    path, seen, cursor = f"{JOBS}/{created(api, 2_500)}/items", [], None
    for _ in range(4):
        query: Any = {"cursor": cursor} if cursor else {}
        reply = api.get(path, limit=800, **query)
        seen += [line["index"] for line in reply.data]
        cursor = reply.json["pagination"]["next"]
        if cursor is None:
            break
    assert seen == list(range(2_500))
    assert api.get(path, status="done").json["pagination"]["next"] is None


@pytest.mark.parametrize("cursor", ["x", "l", "l-1", "l1234567", "r00", "../..", "l٣"])
def test_a_cursor_of_somebody_elses_making_is_refused(api: Api, cursor: str) -> None:
    assert set(api.get(f"{JOBS}/{created(api)}/items", cursor=cursor).faults) == {"cursor"}


@pytest.mark.parametrize(
    "job_id", [UNKNOWN_ID, "7", "x" * 2_000, "ITEM:000000", "..", "%2e%2e", UNKNOWN_ID.upper() + "A"]
)
def test_an_unknown_job_is_not_found(api: Api, job_id: str) -> None:
    for reply in (api.get(f"{JOBS}/{job_id}"), api.post(f"{JOBS}/{job_id}/pause"), api.delete(f"{JOBS}/{job_id}")):
        assert (reply.status, reply.json["code"]) == (404, "not_found")


def test_no_answer_is_cached_by_others(api: Api) -> None:
    assert api.get(JOBS).headers["cache-control"] == "no-store"
    assert json.loads(api.get(JOBS).content)["success"] is True


def test_a_status_alone_is_answered_from_its_index(api: Api, house: House) -> None:
    """With pages and totals as without it; a job is listed where it stands, and a deleted one nowhere."""
    jobs = [created(api, 1) for _ in range(3)]
    assert api.get(JOBS, status="pending").json["pagination"]["total"] == 3
    api.post(f"{JOBS}/{jobs[1]}/cancel")
    house.run()
    listed = api.get(JOBS, status="completed", limit=1)
    assert [job["jobId"] for job in listed.data] == [jobs[2]]
    assert listed.json["pagination"]["total"] == 2
    assert [job["jobId"] for job in api.get(JOBS, status="cancelled").data] == [jobs[1]]
    assert api.delete(f"{JOBS}/{jobs[1]}").status == 204
    assert api.get(JOBS, status="cancelled").data == []
