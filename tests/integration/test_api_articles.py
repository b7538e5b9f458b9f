"""Articles over HTTP: read, changed, deleted, written anew; by their owner and nobody else."""

from typing import Any

import pytest

from tests.api import ARTICLES, BEN, UNKNOWN_ID, Api, one, written
from tests.house import House

SHOP = {"name": "Shop", "url": "https://shop.example", "tone": "warm", "internalLinks": ["https://shop.example/a"]}


def test_an_article_shows_all_that_the_interface_promises(api: Api, house: House) -> None:
    promised = {
        "id", "jobId", "title", "slug", "content", "outline", "metaTitle", "metaDescription", "keyword", "model",
        "writtenBy", "language", "status", "images", "sources", "tokensUsed", "websiteId", "createdAt", "updatedAt",
    }  # fmt: skip
    article = one(api, house)
    assert promised <= article.keys()
    assert (article["keyword"], article["status"], article["writtenBy"]) == ("forex", "draft", "offline")
    assert article["content"].startswith("<")
    assert article["tokensUsed"] > 0


def test_articles_are_listed_newest_first_without_their_text(api: Api, house: House) -> None:
    first = written(api, house, "forex", "vàng")
    second = written(api, house, "bạc")
    reply = api.get(ARTICLES, limit=2)
    assert [article["id"] for article in reply.data] == [f"{second}-000000", f"{first}-000001"]
    assert reply.json["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}
    assert "content" not in reply.data[0]
    assert [article["id"] for article in api.get(ARTICLES, page=2, limit=2).data] == [f"{first}-000000"]


def test_articles_are_filtered(api: Api, house: House) -> None:
    first = written(api, house, "forex", "vàng")
    written(api, house, "bạc")
    api.patch(f"{ARTICLES}/{first}-000001", {"status": "approved"})

    def keywords(**query: Any) -> set[str]:
        reply = api.get(ARTICLES, **query)
        assert reply.json["pagination"]["total"] == len(reply.data)
        return {article["keyword"] for article in reply.data}

    assert keywords(jobId=first) == {"forex", "vàng"}
    assert keywords(q="VÀNG") == {"vàng"}
    assert keywords(status="approved") == {"vàng"}
    assert keywords(status="approved", q="forex") == set()
    assert keywords(jobId=UNKNOWN_ID) == set()
    assert set(api.get(ARTICLES, status="ready").faults) == {"status"}


def test_an_article_is_changed_and_its_html_made_safe(api: Api, house: House) -> None:
    path = f"{ARTICLES}/{one(api, house)['id']}"
    attack = '<h2>A</h2><p onclick="x()">b<script>alert(1)</script></p><a href="javascript:x()">c</a>'
    body = {"title": "New", "slug": "new-slug", "metaTitle": "M", "status": "published", "content": attack}
    reply = api.patch(path, body)
    assert reply.status == 200
    article = api.get(path).data
    assert article == reply.data
    assert (article["title"], article["slug"], article["metaTitle"]) == ("New", "new-slug", "M")
    assert (article["status"], article["version"]) == ("published", 2)
    assert "<h2>A</h2>" in article["content"]
    assert not any(bad in article["content"] for bad in ("script", "onclick", "javascript"))


def test_a_change_leaves_one_body_behind(api: Api, house: House) -> None:
    article = one(api, house)
    for number in range(3):
        api.patch(f"{ARTICLES}/{article['id']}", {"content": f"<p>{number}</p>"})
    listed = house.parts.files._client.list_objects_v2(Bucket=house.parts.files.bucket, Prefix="products/")
    assert listed["KeyCount"] == 1
    assert api.get(f"{ARTICLES}/{article['id']}").data["content"] == "<p>2</p>"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"metaTitle": "m" * 61}, "metaTitle"),
        ({"meta_description": "m" * 161}, "meta_description"),
        ({"status": "ready"}, "status"),
        ({"content": "<script>x</script>"}, "content"),
        ({"keyword": "other"}, "keyword"),
    ],
)
def test_a_bad_change_names_its_field(api: Api, house: House, body: Any, field: str) -> None:
    article = one(api, house)
    assert set(api.patch(f"{ARTICLES}/{article['id']}", body).faults) == {field}
    assert api.get(f"{ARTICLES}/{article['id']}").data == article


def test_versions_keep_two_editors_apart(api: Api, house: House) -> None:
    path = f"{ARTICLES}/{one(api, house)['id']}"
    tag = api.get(path).headers["etag"]
    assert api.get(path, {"if-none-match": tag}).status == 304
    assert api.patch(path, {"title": "first"}, If_Match=tag).status == 200
    assert api.patch(path, {"title": "second"}, If_Match=tag).status == 412
    assert api.delete(path, If_Match=tag).status == 412
    assert api.get(path, {"if-none-match": tag}).data["title"] == "first"


def test_a_deleted_article_is_gone_with_its_body(api: Api, house: House) -> None:
    article = one(api, house)
    assert api.delete(f"{ARTICLES}/{article['id']}").status == 204
    assert api.get(f"{ARTICLES}/{article['id']}").status == 404
    assert api.get(ARTICLES).data == []
    listed = house.parts.files._client.list_objects_v2(Bucket=house.parts.files.bucket, Prefix="products/")
    assert listed["KeyCount"] == 0


def test_articles_outlive_their_job(api: Api, house: House) -> None:
    article = one(api, house)
    assert api.delete(f"/api/batch-jobs/{article['jobId']}").status == 204
    house.run()
    assert api.get(f"{ARTICLES}/{article['id']}").data == article


@pytest.mark.parametrize("gone", [False, True], ids=["job there", "job deleted"])
def test_an_article_is_written_anew_in_its_place(api: Api, house: House, gone: bool) -> None:
    article = one(api, house, language="en", tone="casual")
    if gone:
        api.delete(f"/api/batch-jobs/{article['jobId']}")
        house.run()
    reply = api.post(f"{ARTICLES}/{article['id']}/regenerate", {"settings": {"tone": "creative", "length": "medium"}})
    assert reply.status == 201, reply.content
    assert reply.headers["location"] == f"/api/batch-jobs/{reply.data['jobId']}"
    house.run()
    job = api.get(reply.headers["location"]).data
    settings = job["jobData"]["settings"]
    assert (job["status"], job["articleIds"]) == ("completed", [article["id"]])
    assert (settings["language"], settings["tone"], settings["length"]) == ("en", "creative", "medium")
    again = api.get(f"{ARTICLES}/{article['id']}").data
    assert again["content"] != article["content"]
    assert (again["keyword"], again["language"]) == ("forex", "en")
    assert api.get(ARTICLES).json["pagination"]["total"] == 1


def test_an_article_written_anew_can_be_written_anew(api: Api, house: House) -> None:
    path = f"{ARTICLES}/{one(api, house)['id']}"
    for _ in range(2):
        assert api.post(f"{path}/regenerate").status == 201
        house.run()
    assert api.get(ARTICLES).json["pagination"]["total"] == 1
    bad = api.post(f"{path}/regenerate", {"settings": {"tone": "rude"}})
    assert set(bad.faults) == {"settings.tone"}


def test_writing_anew_twice_with_one_key_makes_one_job(api: Api, house: House) -> None:
    path = f"{ARTICLES}/{one(api, house)['id']}/regenerate"
    first = api.post(path, {}, Idempotency_Key="once")
    assert api.post(path, {}, Idempotency_Key="once").data == first.data
    assert api.get("/api/batch-jobs").json["pagination"]["total"] == 2


def test_another_users_article_is_not_found(api: Api, house: House) -> None:
    article, other = one(api, house), api.as_(BEN)
    path = f"{ARTICLES}/{article['id']}"
    replies = [
        other.get(path),
        other.patch(path, {"title": "mine"}),
        other.delete(path),
        other.post(f"{path}/regenerate"),
        other.get(f"{ARTICLES}/export", ids=article["id"]),
        other.get(f"{ARTICLES}/export", jobId=article["jobId"]),
    ]
    assert {reply.status for reply in replies} == {404}
    assert other.get(ARTICLES).data == []
    assert api.get(path).data == article
