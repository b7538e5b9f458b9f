"""A kind whose steps are paid for outside the process: the server at PROVIDER counts each call, whoever lives to hear
its answer. What a call costs is the offline writer's."""

import json
import os
from functools import partial
from http.client import HTTPConnection
from typing import Any, Literal

from penstock.domain.errors import Transient
from penstock.domain.kind import BatchRequest, Kind, Plan, Planning, Product
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Prompt
from penstock.domain.quota import Needs
from penstock.domain.work import Work

STEPS = ("outline", "content", "metadata")


class Request(BatchRequest):
    job_type: Literal["chapters"] = "chapters"
    lines: int


def plan(request: Request, planning: Planning) -> Plan:
    model = planning.models.first()
    assert model is not None
    return Plan(tuple({"line": each} for each in range(request.lines)), {"model": model.id}, "chapters", model.id)


def write(work: Work) -> Product:
    texts = [work.step(name, partial(_ask, work, name)) for name in STEPS]
    return Product("ARTICLE", {"title": texts[0]}, {"texts": texts})


def _ask(work: Work, step: str) -> str:
    place = {"user": work.user, "job_id": work.job_id, "index": work.index, "total": work.total}
    left = work.effects.seconds_left()
    _pay({**place, "retried_in": work.retry, "step": step, "process": os.getpid(), "seconds_left": left})
    return work.text(Prompt(purpose=step, system="", user=f"{step} of {work.index}", max_output=200))


def _pay(call: dict[str, Any]) -> None:
    connection = HTTPConnection(os.environ["PROVIDER"], timeout=30)
    try:
        connection.request("POST", "/", json.dumps(call))
        if connection.getresponse().status != 200:
            raise Transient("The provider has a fault.")
    finally:
        connection.close()


def ceiling(line: Any, settings: Any, stage: int, models: Catalogue) -> Needs:
    return Needs(tokens=3_000, articles=1, cost=10_000)


# A worker that is killed has had its try; which item a kill meets is chance.
KIND = Kind("chapters", "line", Request, plan, (write,), ceiling, lanes=2, jobs_at_once=2, max_tries=50)
