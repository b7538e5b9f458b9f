"""Penstock as its user meets it: local mode as a real process, over HTTP."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from samtranslator.yaml_helper import yaml_parse

from bench.penstock import ROOT, Penstock, User, running

SHOUT = """
from time import sleep
from typing import Any, Literal

from penstock.domain.errors import Refused
from penstock.domain.kind import BatchRequest, Closed, Json, Kind, Plan, Planning, Product
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Prompt
from penstock.domain.quota import Needs
from penstock.domain.work import Work


class Request(BatchRequest):
    job_type: Literal["shout"] = "shout"
    phrases: list[str]


def plan(request: Request, planning: Planning) -> Plan:
    model = planning.models.first()
    return Plan(tuple({"phrase": each} for each in request.phrases), {"model": model.id}, "shouts", model.id)


def shout(work: Work) -> Product:
    phrase = work.input["phrase"]
    sleep(0.1)
    if phrase == "mumble" and work.retry == 0:
        raise Refused("Nobody could hear that.")
    text = work.step("shout", lambda: work.text(Prompt(purpose="shout", system="", user=phrase, max_output=500)))
    return Product("SHOUT", {"title": phrase.upper()}, {"text": text})


KIND = Kind("shout", "phrase", Request, plan, (shout,), lambda *_: Needs(tokens=2_000))
"""


@pytest.fixture(scope="module")
def penstock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    kinds = tmp_path_factory.mktemp("kinds")
    (kinds / "shout.py").write_text(SHOUT)
    with running(EXTRA_KINDS=str(kinds)) as started:
        yield started


def wait(user: User, job_id: str, *statuses: str, seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while (job := user.job(job_id))["status"] not in statuses:
        assert time.monotonic() < end, job
        time.sleep(0.05)
    return job


def test_keywords_go_in_and_finished_drafts_come_out(penstock: Penstock) -> None:
    user = penstock.user("demo")
    before = user.call("GET", "/api/account")["data"]
    job_id = user.submit(["học forex", "trà xanh", "cà phê", "trà xanh"], language="vi", length="short")
    job = wait(user, job_id, "completed", "failed", "paused")
    assert (job["status"], job["completedItems"]) == ("completed", 3)
    after = user.call("GET", "/api/account")["data"]
    assert before["articleLimit"] - after["articleLimit"] == 3
    assert before["tokensRemaining"] - after["tokensRemaining"] == job["tokensUsed"] > 0
    articles = user.call("GET", f"/api/articles?jobId={job_id}")
    assert articles["pagination"]["total"] == 3
    for listed in articles["data"]:
        article = user.call("GET", f"/api/articles/{listed['id']}")["data"]
        assert article["status"] == "draft"
        assert article["writtenBy"] == "offline"
        assert "<h2>" in article["content"]
        assert 0 < len(article["metaTitle"]) <= 60
        assert 0 < len(article["metaDescription"]) <= 160
    charges = [row for row in user.call("GET", "/api/account/ledger")["data"] if row["type"] == "charge"]
    assert sum(row["tokens"] for row in charges) == -job["tokensUsed"]


def test_the_pictures_of_an_article_can_be_fetched_by_a_browser(penstock: Penstock) -> None:
    """Their addresses lead to this machine, and nobody else's do."""
    user = penstock.user("demo")
    job_id = user.submit(["cold brew coffee"], length="short", autoInsertImages=True, maxImages=2)
    assert wait(user, job_id, "completed", "failed", "paused")["status"] == "completed"
    article = user.call("GET", f"/api/articles/{job_id}-000000")["data"]
    assert len(article["images"]) == 2
    for image in article["images"]:
        assert image["url"].startswith(f"http://127.0.0.1:{penstock.port + 1}/")
        with urlopen(image["url"], timeout=10) as reply:  # noqa: S310
            assert reply.headers["content-type"] == "image/png"
            assert reply.read(8) == b"\x89PNG\r\n\x1a\n"
    shown = user.call("PATCH", f"/api/articles/{article['id']}", {"content": article["content"]})["data"]
    assert [image["name"] for image in shown["images"]] == ["1.png", "2.png"]


def test_a_kind_is_one_file(penstock: Penstock) -> None:
    assert len(SHOUT.strip().splitlines()) <= 40
    user = penstock.user("other")
    body = {"job_type": "shout", "phrases": ["hello", "mumble", "bye", "again"]}
    job_id = user.call("POST", "/api/batch-jobs", body)["data"]["jobId"]
    user.call("POST", f"/api/batch-jobs/{job_id}/pause")
    assert wait(user, job_id, "paused")["pauseReason"] == "user"
    user.call("POST", f"/api/batch-jobs/{job_id}/resume")
    job = wait(user, job_id, "completed")
    assert (job["completedItems"], job["failedItems"]) == (3, 1)
    failed = user.call("GET", f"/api/batch-jobs/{job_id}/items?status=failed")["data"]
    assert [(item["index"], item["error"]["message"]) for item in failed] == [(1, "Nobody could hear that.")]
    user.call("POST", f"/api/batch-jobs/{job_id}/retry")
    assert wait(user, job_id, "completed")["completedItems"] == 4
    schemas = user.call("GET", "/openapi.json")["components"]["schemas"]
    assert any("phrases" in schema.get("properties", {}) for schema in schemas.values())


def test_an_unknown_path_is_a_problem_document(penstock: Penstock) -> None:
    with pytest.raises(RuntimeError, match=r"404 .*'code': 'unknown_path'"):
        penstock.user("demo").call("GET", "/nowhere")


def test_out_of_articles_pauses_and_a_grant_resumes(penstock: Penstock) -> None:
    user, admin = penstock.users(1)[0], penstock.user("admin")
    account = user.call("GET", "/api/account")["data"]
    path = f"/api/accounts/{account['userId']}/grants"
    admin.call("POST", path, {"tokens": 0, "articles": 2 - account["articleLimit"], "note": "nearly nothing"})
    job_id = user.submit(["one", "two", "three"])
    job = wait(user, job_id, "paused")
    assert (job["pauseReason"], job["errorMessage"]) == ("article_limit", "Article limit reached at keyword 3/3")
    admin.call("POST", path, {"tokens": 0, "articles": 5, "note": "more"})
    assert wait(user, job_id, "completed")["completedItems"] == 3


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the template beside the same code."""
    for name in ("functions", "layers", "packaging"):
        (tmp_path / name).symlink_to(ROOT / name)
    return Path(shutil.copy(ROOT / "template.yaml", tmp_path))


def test_local_mode_follows_an_edited_template(copied: Path) -> None:
    """No second list of routes or queues exists: without the mapping of the normal queue nothing works it, without the
    default route an unknown path gets the gateway's own answer and not ours, and the rest goes on."""
    text = copied.read_text()
    normal = text.index("        Normal: {Type: SQS", text.index("Handler: worker.handler"))
    low = text.index("        Low: {Type: SQS", normal)
    default = next(
        line for line in text.splitlines(keepends=True) if line.strip().startswith("Unknown: {Type: HttpApi")
    )
    copied.write_text((text[:normal] + text[low:]).replace(default, ""))
    assert "Normal" not in yaml_parse(copied.read_text())["Resources"]["WorkerFunction"]["Properties"]["Events"]
    with running(TEMPLATE=str(copied)) as penstock:
        user = penstock.user("demo")
        asked = {"job_type": "batch_keywords", "keywords": ["one"], "settings": {"length": "short"}}
        high = user.call("POST", "/api/batch-jobs", {**asked, "priority": "high"})["data"]["jobId"]
        normal_job = user.call("POST", "/api/batch-jobs", asked)["data"]["jobId"]
        assert wait(user, high, "completed")
        assert user.job(normal_job)["status"] == "pending"
        with pytest.raises(RuntimeError, match=r"404 \{'message': 'Not Found'\}"):
            user.call("GET", "/nowhere")
