"""Websites over HTTP."""

from typing import Any

import pytest

from tests.api import BEN, WEBSITES, Api, one
from tests.house import House

SHOP = {"name": "Shop", "url": "https://shop.example", "tone": "warm", "internalLinks": ["https://shop.example/a"]}


def test_a_website_is_kept_changed_and_deleted(api: Api) -> None:
    made = api.post(WEBSITES, SHOP)
    path = f"{WEBSITES}/{made.data['id']}"
    assert (made.status, made.headers["location"]) == (201, path)
    assert made.data | SHOP == made.data
    assert api.get(path).data == made.data
    assert api.get(WEBSITES).data == [made.data]
    changed = api.put(path, {"name": "Shop 2", "url": "https://shop.example"}, If_Match=made.headers["etag"]).data
    assert (changed["name"], changed["tone"], changed["internalLinks"], changed["version"]) == ("Shop 2", None, [], 2)
    assert api.put(path, SHOP, If_Match=made.headers["etag"]).status == 412
    assert api.delete(path).status == 204
    assert api.get(path).status == api.delete(path).status == 404


def test_an_article_knows_its_website(api: Api, house: House) -> None:
    website = api.post(WEBSITES, SHOP).data["id"]
    article = one(api, house, websiteId=website)
    assert article["websiteId"] == website
    shown = api.get(f"/api/batch-jobs/{article['jobId']}").data["jobData"]["settings"]
    assert shown["websiteId"] == website
    assert not any(name.startswith("_") for name in shown)
    kept = house.parts.records.settings(article["jobId"])
    assert kept is not None
    assert kept["_websites"][website]["tone"] == "warm"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "shop.example"}, "url"),
        ({"internalLinks": ["https://a.example", "b"]}, "internalLinks[1]"),
        ({"internalLinks": "https://a.example"}, "internalLinks"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_website_names_its_field(api: Api, changed: Any, field: str) -> None:
    assert set(api.post(WEBSITES, SHOP | changed).faults) == {field}


def test_another_users_website_is_not_found(api: Api) -> None:
    website, other = api.post(WEBSITES, SHOP).data["id"], api.as_(BEN)
    path = f"{WEBSITES}/{website}"
    assert {other.get(path).status, other.put(path, SHOP).status, other.delete(path).status} == {404}
    body = {"keywords": ["a"], "settings": {"websiteId": website}}
    assert "settings.websiteId" in other.post("/api/batch-jobs", body).faults


def test_there_is_a_most_of_websites(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.products.MOST_WEBSITES", 1)
    assert api.post(WEBSITES, SHOP).status == 201
    assert api.post(WEBSITES, SHOP).status == 409
