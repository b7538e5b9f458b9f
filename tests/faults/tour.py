"""A user's walk through the rest of the HTTP interface: what no job's life comes by."""

from typing import Any
from unittest.mock import patch

from tests.api import ARTICLES, WEBSITES
from tests.faults.play import ADMIN, JOBS, Play

SITE = {"name": "Money School", "url": "https://money.example"}
SETTINGS = {"length": "short", "autoInsertImages": True, "maxImages": 1}


def tour(play: Play) -> None:
    website = play.answered("POST", WEBSITES, SITE).data["id"]
    play.answered("PUT", f"{WEBSITES}/{website}", {**SITE, "tone": "dry"})
    assert len(play.answered("GET", WEBSITES).data) == 1
    line = {"keyword": "forex", "websiteId": website}
    play.job_id = play.answered("POST", JOBS, {"keywords": [line, "pips"], "settings": SETTINGS}).data["jobId"]
    play.quiet()
    _jobs(play)
    _articles(play)
    _money(play)
    assert play.answered("DELETE", f"{WEBSITES}/{website}").status == 204


def _jobs(play: Play) -> None:
    for query in ({}, {"status": "completed"}, {"q": "1"}, {"tag": "none", "status": "completed"}):
        assert play.answered("GET", JOBS, query=query).status == 200
    assert len(play.answered("GET", f"{JOBS}/{play.job_id}").data["articleIds"]) == 2
    assert len(play.answered("GET", f"{JOBS}/{play.job_id}/items").data) == 2
    body = {"action": "retry", "ids": [play.job_id], "dryRun": True}
    assert play.answered("POST", f"{JOBS}/actions", body).data["refused"] == 1
    assert play.answered("POST", f"{JOBS}/estimate", {"keywords": ["pips"], "settings": SETTINGS}).status == 200


def _articles(play: Play) -> None:
    for query in ({}, {"q": "forex"}, {"jobId": play.job_id}):
        assert play.answered("GET", ARTICLES, query=query).data
    article = f"{ARTICLES}/{play.job_id}-000000"
    _edited_at_once(play, article)
    assert play.answered("GET", f"{ARTICLES}/export", query={"jobId": play.job_id, "format": "md"}).status == 200
    ids = {"ids": f"{play.job_id}-000000", "format": "html"}
    assert play.answered("GET", f"{ARTICLES}/export", query=ids).status == 200
    with patch("penstock.routes.exports.MOST_BYTES", 100):
        assert play.answered("GET", f"{ARTICLES}/export", query=ids).status == 303
    assert play.answered("POST", f"{article}/regenerate", {}).status == 201
    play.quiet()
    assert play.answered("DELETE", article).status == 204


def _edited_at_once(play: Play, article: str) -> None:
    """While one text is being stored, another one takes its place."""
    client: Any = play.house.parts.files._client
    put = client.put_object

    def interrupted(**request: Any) -> Any:
        del client.put_object
        play.answered("PATCH", article, {"content": "<p>The other.</p>"})
        return put(**request)

    client.put_object = interrupted
    assert play.answered("PATCH", article, {"content": "<p>The one.</p>"}).data["content"] == "<p>The one.</p>"


def _money(play: Play) -> None:
    assert play.answered("GET", "/api/account/ledger").data
    assert play.answered("GET", "/api/account/usage").data
    grants = f"/api/accounts/{play.name}/grants"
    assert play.answered("POST", grants, {"articles": 1}, who=ADMIN).status == 200
    assert play.answered("POST", grants, {"articles": -10_000}, who=ADMIN).status == 409
