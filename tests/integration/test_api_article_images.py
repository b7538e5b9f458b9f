"""Articles with images over HTTP: where their images can be read, what an edit keeps, and when they go."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from penstock import wiring
from penstock.domain.errors import Fate, Refused, Transient
from penstock.kinds.documents import html
from penstock.routes.app import build
from penstock.store.files import Files
from tests.api import ARTICLES, BEN, JOBS, Api, one, written
from tests.backends import client
from tests.house import House

IMAGES: dict[str, Any] = {"autoInsertImages": True, "maxImages": 2}
SIGNED = re.compile(r"(?i)x-amz-signature|awsaccesskeyid")


def illustrated(api: Api, house: House, **settings: Any) -> Any:
    return one(api, house, **IMAGES, **settings)


def stored(house: House, article: Any) -> dict[str, Any]:
    """The article's body as the bucket has it."""
    image = house.product(article["id"])
    assert image
    body = house.parts.files.get_product(image["body"])
    assert body
    return body


def media(house: House) -> list[str]:
    return [name for name in house.bodies() if "/media/" in name]


def lines(house: House) -> list[int]:
    """For which of their jobs' lines the images are."""
    return sorted(int(name.split("/")[3][-6:]) for name in media(house))


def key_of(url: str) -> str:
    return unquote(urlsplit(url).path).lstrip("/")


def test_an_article_shows_its_images_at_addresses_that_can_be_read(api: Api, house: House) -> None:
    article = illustrated(api, house)
    assert len(article["images"]) == 2
    for number, image in enumerate(article["images"], 1):
        assert image["name"] == f"{number}.png"
        assert image["alt"]
        assert image["heading"] in article["content"]
        assert SIGNED.search(image["url"])
        assert image["url"].replace("&", "&amp;") in article["content"]
        assert house.parts.files.get(key_of(image["url"])) is not None
    assert "images/1.png" not in article["content"]
    assert article["notes"] == []


def test_lists_name_the_images_without_addresses(api: Api, house: House) -> None:
    article = illustrated(api, house)
    (listed,) = api.get(ARTICLES).data
    assert listed["images"] == [{**image, "url": None} for image in article["images"]]


def test_nothing_that_is_stored_is_signed(api: Api, house: House) -> None:
    article = illustrated(api, house)
    body, record = stored(house, article), house.product(article["id"])
    assert not SIGNED.search(f"{body} {record}")
    assert body["content"].count('<img src="images/') == 2


def test_an_article_with_images_always_comes_whole(api: Api, house: House) -> None:
    """Who keeps an answer keeps addresses that end."""
    path = f"{ARTICLES}/{illustrated(api, house)['id']}"
    tag = api.get(path).headers["etag"]
    assert api.get(path, {"if-none-match": tag}).status == 200
    assert api.patch(path, {"title": "New"}, If_Match=tag).status == 200


def test_an_edit_as_it_was_shown_keeps_the_images_and_stores_no_signature(api: Api, house: House) -> None:
    article = illustrated(api, house)
    before, path = stored(house, article), f"{ARTICLES}/{article['id']}"
    reply = api.patch(path, {"content": article["content"] + "<p>More.</p>"})
    assert reply.status == 200
    assert stored(house, article)["content"] == before["content"] + "<p>More.</p>"
    assert stored(house, article)["images"] == before["images"]
    assert [image["name"] for image in reply.data["images"]] == ["1.png", "2.png"]
    assert all(image["url"].replace("&", "&amp;") in reply.data["content"] for image in reply.data["images"])
    relative = api.patch(path, {"content": '<p>a</p><img src="images/2.png" alt="b">'}).data
    assert relative["images"][1]["url"].replace("&", "&amp;") in relative["content"]
    assert stored(house, article)["content"] == '<p>a</p><img src="images/2.png" alt="b">'


def test_an_image_that_was_taken_out_can_be_put_back(api: Api, house: House) -> None:
    article = illustrated(api, house)
    path = f"{ARTICLES}/{article['id']}"
    assert "<img" not in api.patch(path, {"content": "<p>None.</p>"}).data["content"]
    back = api.patch(path, {"content": f'<p><img src="{article["images"][0]["url"]}" alt="x"></p>'}).data
    assert stored(house, article)["content"] == '<p><img src="images/1.png" alt="x"></p>'
    assert "<img" in back["content"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("https://a.example/x.png?size=2", 'src="https://a.example/x.png?size=2"'),
        ("https://bucket.s3.amazonaws.com/products/other/media/x/f.png?X-Amz-Signature=abc", None),
        ("https://bucket.s3.amazonaws.com/products/other/media/x/f.png?AWSAccessKeyId=a&Signature=b", None),
        ("http://[bad", None),
        ("javascript:alert(1)", None),
    ],
)
def test_foreign_images_stay_and_foreign_signatures_do_not(
    api: Api, house: House, source: str, kept: str | None
) -> None:
    article = illustrated(api, house)
    content = f'<p>a</p><img src="{source}" alt="b"><a href="{source}">c</a>'
    assert api.patch(f"{ARTICLES}/{article['id']}", {"content": content}).status == 200
    text = stored(house, article)["content"]
    assert kept in text if kept else "src" not in text and "href" not in text, text


def test_a_file_that_is_not_the_articles_own_is_never_signed(api: Api, house: House) -> None:
    """Not even where a body says so."""
    theirs = illustrated(api.as_(BEN), house)
    mine, other = illustrated(api, house), illustrated(api, house)
    record, body = house.product(mine["id"]), stored(house, mine)
    foreign = [key_of(theirs["images"][0]["url"]), key_of(other["images"][0]["url"])]
    forged = [{**image, "key": key} for image, key in zip(body["images"], foreign, strict=True)]
    assert record
    forgery = json.dumps({**body, "images": forged}).encode()
    client("s3").put_object(Bucket=house.parts.files.bucket, Key=record["body"], Body=forgery)
    article = api.get(f"{ARTICLES}/{mine['id']}").data
    assert [image["url"] for image in article["images"]] == [None, None]
    assert not SIGNED.search(article["content"])


def test_a_deleted_article_takes_its_images_along(api: Api, house: House) -> None:
    article, other = illustrated(api, house), illustrated(api, house)
    assert len(media(house)) == 4
    assert api.delete(f"{ARTICLES}/{article['id']}").status == 204
    assert {name.split("/")[3] for name in media(house)} == {other["id"]}


def test_a_deleted_job_leaves_the_images_of_its_articles(api: Api, house: House) -> None:
    article = illustrated(api, house)
    assert api.delete(f"{JOBS}/{article['jobId']}").status == 204
    house.run()
    assert len(media(house)) == 2
    assert api.get(f"{ARTICLES}/{article['id']}").data["images"][0]["url"]


def with_fate(api: Api, house: House, purpose: str, fate: Fate, keyword: str = "forex") -> Api:
    """That image of that keyword's article meets the fate."""
    make = house.parts.make

    def fated(model: str, prompt: Any, seconds: float) -> Any:
        if (prompt.purpose, prompt.facts["keyword"]) == (purpose, keyword):
            raise fate
        return make(model, prompt, seconds)

    house.parts = replace(house.parts, make=fated)
    return replace(api, app=build(house.parts, html.clean, wiring.word_document))


def test_a_deleted_job_takes_along_the_images_of_what_failed(api: Api, house: House) -> None:
    api = with_fate(api, house, "image-2", Transient("The provider broke off."), "vàng")
    job_id = written(api, house, "forex", "vàng", "bạc", **IMAGES)
    job = api.get(f"{JOBS}/{job_id}").data
    assert (job["completedItems"], job["failedItems"]) == (2, 1)
    assert sorted(name.split("/")[3][-6:] for name in media(house)) == [
        "000000",
        "000000",
        "000001",
        "000002",
        "000002",
    ]
    assert api.delete(f"{JOBS}/{job_id}").status == 204
    house.run()
    assert lines(house) == [0, 0, 2, 2]
    house.position = 0  # the stream tells it all once more, when the rows are gone
    house.follow()
    assert lines(house) == [0, 0, 2, 2]


def test_a_closed_account_leaves_no_image_and_no_export(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = illustrated(api, house)
    monkeypatch.setattr("penstock.routes.exports.MOST_BYTES", 100)
    assert api.get(f"{ARTICLES}/export", ids=article["id"]).status == 303
    assert api.delete("/api/account").status == 204
    house.run()
    left = client("s3").list_objects_v2(Bucket=house.parts.files.bucket).get("Contents", [])
    assert [each["Key"] for each in left if not each["Key"].startswith("steps/")] == []


def test_an_article_written_anew_has_images_of_its_own(api: Api, house: House) -> None:
    article = illustrated(api, house)
    path = f"{ARTICLES}/{article['id']}"
    assert api.post(f"{path}/regenerate", {"settings": {"tone": "creative"}}).status == 201
    house.run()
    again = api.get(path).data
    assert len(again["images"]) == 2
    assert {image["url"] for image in again["images"]} & {image["url"] for image in article["images"]} == set()
    assert {name.split("/")[3] for name in media(house)} == {article["id"]}
    assert api.delete(path).status == 204
    assert media(house) == []


def test_an_article_whose_job_is_gone_is_written_anew_with_images(api: Api, house: House) -> None:
    article = illustrated(api, house)
    api.delete(f"{JOBS}/{article['jobId']}")
    house.run()
    assert api.post(f"{ARTICLES}/{article['id']}/regenerate").status == 201
    house.run()
    assert len(api.get(f"{ARTICLES}/{article['id']}").data["images"]) == 2


def test_a_refused_image_is_told_in_the_articles_notes(api: Api, house: House) -> None:
    refusing = with_fate(api, house, "image-1", Refused("Not this picture.", code="content_filter"))
    article = illustrated(refusing, house)
    assert len(article["notes"]) == 1
    assert "Not this picture." in article["notes"][0]
    assert [image["name"] for image in article["images"]] == ["2.png"]


def test_images_are_charged_as_the_estimate_says(api: Api, house: House) -> None:
    body = {"keywords": ["forex"], "settings": {"length": "short", **IMAGES}}
    estimate = api.post(f"{JOBS}/estimate", body).data
    plain = api.post(f"{JOBS}/estimate", {**body, "settings": {"length": "short"}}).data
    assert estimate["high"]["tokens"] - plain["high"]["tokens"] >= 2 * 5_000
    assert any("sample images" in warning for warning in estimate["warnings"])
    article = illustrated(api, house)
    assert 2 * 5_000 < article["tokensUsed"] <= estimate["high"]["tokens"]
    assert article["costMicros"] <= estimate["high"]["costMicros"]


def test_an_address_is_signed_by_who_reaches_the_bucket_as_people_do() -> None:
    """The bucket's own client may know another way to it."""
    outside = boto3.client(
        "s3",
        region_name="eu-central-1",
        endpoint_url="http://files.example:9000",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    files = Files(client("s3"), "the-bucket", links=lambda: outside)
    url = urlsplit(files.link("products/u/media/a/f.png", 3_600))
    assert (url.netloc, url.path) == ("files.example:9000", "/the-bucket/products/u/media/a/f.png")
    assert "X-Amz-Expires=3600" in url.query
