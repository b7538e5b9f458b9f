"""Articles taken away as files."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest

from tests.api import ARTICLES, UNKNOWN_ID, Api, Reply, one, written
from tests.house import House

SHOP = {"name": "Shop", "url": "https://shop.example", "tone": "warm", "internalLinks": ["https://shop.example/a"]}


def exported(api: Api, **query: Any) -> Reply:
    reply = api.get(f"{ARTICLES}/export", **query)
    assert reply.status == 200, reply.content
    assert reply.headers["content-disposition"].startswith("attachment;")
    return reply


@pytest.mark.parametrize(
    ("format", "media", "words"),
    [
        ("html", "text/html", "<!doctype html>"),
        ("md", "text/markdown", "# "),
        ("json", "application/json", '"keyword": "forex"'),
        ("csv", "text/csv", "id,jobId"),
    ],
)
def test_one_article_is_exported_as_it_is(api: Api, house: House, format: str, media: str, words: str) -> None:
    article = one(api, house)
    reply = exported(api, ids=article["id"], format=format)
    assert reply.headers["content-type"].startswith(media)
    assert words in reply.content.decode()
    assert article["title"] in reply.content.decode()


def test_several_are_exported_as_a_zip_in_the_order_of_the_keywords(api: Api, house: House) -> None:
    job_id = written(api, house, "forex", "vàng", "bạc")
    reply = exported(api, jobId=job_id, format="json")
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        keywords = [json.loads(archive.read(name))["keyword"] for name in names]
    assert keywords == ["forex", "vàng", "bạc"]
    assert all(name.endswith(".json") and "/" not in name for name in names)


def test_a_large_job_is_exported_in_parts(api: Api, house: House) -> None:
    job_id = written(api, house, "forex", "vàng", "bạc")
    seen = []
    for page in (1, 2):
        reply = exported(api, jobId=job_id, format="csv", page=page, limit=2)
        assert f"part-{page}-of-2" in reply.headers["content-disposition"]
        seen += [row["keyword"] for row in csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig")))]
    assert sorted(seen) == ["bạc", "forex", "vàng"]


def test_a_cell_is_never_a_formula(api: Api, house: House) -> None:
    article = one(api, house)
    api.patch(f"{ARTICLES}/{article['id']}", {"title": '=HYPERLINK("http://evil")', "metaTitle": "@SUM(A1)"})
    rows = list(csv.DictReader(io.StringIO(exported(api, ids=article["id"], format="csv").content.decode("utf-8-sig"))))
    assert (rows[0]["title"], rows[0]["metaTitle"]) == ('\'=HYPERLINK("http://evil")', "'@SUM(A1)")


def test_an_edited_article_is_exported_as_edited(api: Api, house: House) -> None:
    article = one(api, house)
    api.patch(f"{ARTICLES}/{article['id']}", {"content": "<p>edited</p>", "title": "<T>"})
    assert "<p>edited</p>" in exported(api, ids=article["id"], format="md").content.decode()
    page = exported(api, ids=article["id"], format="html").content.decode()
    assert "<h1>&lt;T&gt;</h1>" in page
    assert "<p>edited</p>" in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"ids": "a", "jobId": "b"}, 422),
        ({"ids": ","}, 422),
        ({"ids": UNKNOWN_ID, "format": "pdf"}, 422),
        ({"jobId": UNKNOWN_ID, "limit": 501}, 422),
        ({"ids": UNKNOWN_ID}, 404),
        ({"jobId": UNKNOWN_ID}, 404),
    ],
)
def test_an_export_of_nothing_is_a_problem(api: Api, query: Any, status: int) -> None:
    assert api.get(f"{ARTICLES}/export", **query).status == status


def test_an_export_that_fits_no_answer_is_refused(api: Api, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.routes.exports.MOST_BYTES", 100)
    reply = api.get(f"{ARTICLES}/export", ids=one(api, house)["id"])
    assert (reply.status, reply.json["code"]) == (413, "too_large")
