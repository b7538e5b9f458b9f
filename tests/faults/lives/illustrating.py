"""Lives of articles with images: what is made for them, and what becomes of it."""

from typing import Any

from penstock.domain.errors import Transient
from penstock.domain.job import Status
from penstock.engine import products
from tests.api import ARTICLES
from tests.faults.play import JOBS, Play
from tests.faults.steps import crash, raises


def illustrated(play: Play) -> None:
    """The first worker dies while the image is made."""
    play.house.script.at(0, crash)
    _submit(play, images=1)
    play.deliver()
    play.expose()
    play.ends("completed")
    article = play.answered("GET", f"{ARTICLES}/{play.job_id}-000000").data
    assert [image["name"] for image in article["images"]] == ["1.png"], article
    named = products.images(play.house.parts, play.user, article, {"images": _stored(play)})
    assert list(products.pictures(play.house.parts, named)) == ["images/1.png"], "the file is there"


def given_up(play: Play) -> None:
    """The second image cannot be made; the first one goes with the job."""
    play.house.script.at(0, lambda: None, *[raises(Transient("broken off"))] * 3)
    _submit(play, images=2)
    play.quiet()
    written = play.jobs()[0].status == Status.COMPLETED
    play.expose()
    play.answered("DELETE", f"{JOBS}/{play.job_id}")
    play.is_gone()
    left = play.house.bodies(play.user)
    assert written or left == [], left


def _submit(play: Play, images: int) -> None:
    settings = {"length": "short", "autoInsertImages": True, "maxImages": images}
    body = {"keywords": ["forex"], "settings": settings}
    play.job_id = play.answered("POST", JOBS, body, {"idempotency-key": "key"}).data["jobId"]


def _stored(play: Play) -> Any:
    record = play.house.product(f"{play.job_id}-000000", play.user)
    assert record
    return products.body(play.house.parts, play.user, record)["images"]
