"""Articles taken away as files."""

import csv
import io
import json
import zipfile
from typing import Any
from urllib.parse import urlsplit

import docx
import pytest

from tests.api import ARTICLES, UNKNOWN_ID, Api, Reply, one, written
from tests.backends import client
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
        ("docx", "application/vnd.openxmlformats", None),
    ],
)
def test_one_article_is_exported_as_it_is(api: Api, house: House, format: str, media: str, words: str | None) -> None:
    article = one(api, house)
    reply = exported(api, ids=article["id"], format=format)
    assert reply.headers["content-type"].startswith(media)
    assert reply.headers["content-disposition"] == f'attachment; filename="{named(article, format)}"'
    if words is None:
        assert article["title"] in [each.text for each in docx.Document(io.BytesIO(reply.content)).paragraphs]
    else:
        assert words in reply.content.decode()
        assert article["title"] in reply.content.decode()


def named(article: Any, ending: str) -> str:
    return "articles.csv" if ending == "csv" else f"{article['slug']}.{ending}"


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


def test_an_export_that_fits_no_answer_is_fetched_from_the_bucket(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = one(api, house)
    whole = exported(api, ids=article["id"]).content
    monkeypatch.setattr("penstock.routes.exports.MOST_BYTES", 100)
    reply = api.get(f"{ARTICLES}/export", ids=article["id"])
    assert (reply.status, reply.content) == (303, b"")
    assert reply.headers["cache-control"] == "no-store"
    key = urlsplit(reply.headers["location"]).path.lstrip("/")
    assert key.startswith("exports/user-a/")
    kept = client("s3").get_object(Bucket=house.parts.files.bucket, Key=key)
    assert kept["Body"].read() == whole
    assert kept["ContentDisposition"] == f'attachment; filename="{article["slug"]}.html"'
    assert kept["ContentType"] == "text/html; charset=utf-8"


def test_an_export_that_fits_no_memory_is_refused_with_the_remedy(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = written(api, house, "forex", "vàng")
    monkeypatch.setattr("penstock.routes.exports.MOST_KEPT", 100)
    reply = api.get(f"{ARTICLES}/export", jobId=job_id)
    assert (reply.status, reply.json["code"]) == (413, "too_large")
    assert "ask for fewer articles" in reply.json["detail"]


# ── with images ─────────────────────────────────────────────────────────────────────────────────────────────────────

IMAGES: dict[str, Any] = {"autoInsertImages": True, "maxImages": 2}


def members(reply: Reply) -> dict[str, bytes]:
    assert reply.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(("format", "shows"), [("html", '<img src="images/1.png"'), ("md", "](images/1.png)")])
def test_one_article_with_images_is_a_zip_that_shows_them(api: Api, house: House, format: str, shows: str) -> None:
    article = one(api, house, **IMAGES)
    reply = exported(api, ids=article["id"], format=format)
    assert reply.headers["content-disposition"] == f'attachment; filename="{article["slug"]}.zip"'
    files = members(reply)
    assert list(files) == [f"{article['slug']}.{format}", "images/1.png", "images/2.png"]
    assert shows in files[f"{article['slug']}.{format}"].decode()
    assert files["images/1.png"].startswith(b"\x89PNG")
    assert files["images/1.png"] != files["images/2.png"]


def test_of_several_articles_each_has_its_images_in_a_folder_with_it(api: Api, house: House) -> None:
    illustrated, plain = written(api, house, "forex", "vàng", **IMAGES), one(api, house, "bạc")
    ids = f"{illustrated}-000000,{illustrated}-000001,{plain['id']}"
    names = list(members(exported(api, ids=ids)))
    folders = sorted({name.split("/")[0] for name in names if "/" in name})
    assert len(folders) == 2
    assert [name for name in names if "/" not in name] == [f"0001-{plain['slug']}.html"]
    for folder in folders:
        assert {f"{folder}/{folder}.html", f"{folder}/images/1.png", f"{folder}/images/2.png"} <= set(names)


def test_word_documents_carry_their_images(api: Api, house: House) -> None:
    job_id = written(api, house, "forex", "vàng", language="en", **IMAGES)
    one_reply = exported(api, ids=f"{job_id}-000000", format="docx")
    assert one_reply.headers["content-disposition"].endswith('.docx"')
    files = members(exported(api, jobId=job_id, format="docx"))
    assert [name[:5] + name[-5:] for name in files] == ["0001-.docx", "0002-.docx"]
    article = api.get(f"{ARTICLES}/{job_id}-000000").data
    for content in (one_reply.content, next(iter(files.values()))):
        document = docx.Document(io.BytesIO(content))
        assert len(document.inline_shapes) == 2
        headings = [each.text for each in document.paragraphs if each.style and each.style.name == "Heading 2"]
        assert [image["heading"] for image in article["images"]] == headings[:2]
        assert document.core_properties.language == "en"


def test_a_large_job_comes_in_more_parts_as_word_documents(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.routes.articles.MOST_DOCUMENTS", 2)
    job_id = written(api, house, "forex", "vàng", "bạc")
    reply = exported(api, jobId=job_id, format="docx", page=2)
    assert "docx" in reply.headers["content-disposition"]
    assert len(members(exported(api, jobId=job_id, format="docx"))) == 2


def test_json_and_csv_list_images_and_sources(api: Api, house: House) -> None:
    article = one(api, house, **IMAGES)
    told = json.loads(exported(api, ids=article["id"], format="json").content)
    assert [image["name"] for image in told["images"]] == ["1.png", "2.png"]
    assert [image["url"] for image in told["images"]] == [None, None]
    assert (told["sources"], told["notes"]) == ([], [])
    assert '<img src="images/1.png"' in told["content"]
    table = exported(api, ids=article["id"], format="csv").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["images"], row["sources"]) == ("images/1.png images/2.png", "")


def test_an_image_whose_file_is_gone_is_left_out_of_the_zip(api: Api, house: House) -> None:
    article = one(api, house, **IMAGES)
    lost = next(name for name in house.bodies() if "/media/" in name)
    client("s3").delete_object(Bucket=house.parts.files.bucket, Key=lost)
    assert len(members(exported(api, ids=article["id"]))) == 2
    assert len(docx.Document(io.BytesIO(exported(api, ids=article["id"], format="docx").content)).inline_shapes) == 1


def test_an_edited_article_is_exported_with_its_images_beside_it(api: Api, house: House) -> None:
    article = one(api, house, **IMAGES)
    content = f'<p>edited</p><img src="{article["images"][1]["url"]}" alt="x">'
    api.patch(f"{ARTICLES}/{article['id']}", {"content": content})
    for format in ("html", "md"):
        files = members(exported(api, ids=article["id"], format=format))
        page = files[f"{article['slug']}.{format}"].decode()
        assert '<img src="images/2.png" alt="x">' in page
        assert files["images/2.png"]
