"""A whole article with its pictures, whose worker dies: what was stored is not asked for again. Counted at the
provider's server, which the real SDK calls."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.work import StoredStep
from penstock.engine.submit import submit
from penstock.kinds import articles
from penstock.kinds.intake.keywords import Request
from penstock.providers import catalogue
from penstock.providers.openai import OpenAIWriter
from tests import fake_openai as fake
from tests.calls import Recorder
from tests.clock import Crash
from tests.fake_media import PNG, Drawn
from tests.fake_openai import Asked, FakeOpenAI, Reply, Told
from tests.house import House
from tests.invariants import check
from tests.views import USER

pytestmark = pytest.mark.emulator_only("what is counted is the provider's calls")

STEPS = ("outline", "content", "metadata", "pictures", "image-1", "image-2")
PICTURES = [{"heading": number, "description": f"Scene {number}.", "alt": f"Scene {number}"} for number in (1, 2)]
SETTINGS = {
    "length": "short",
    "language": "en",
    "outlineOption": "ai-outline",
    "autoInsertImages": True,
    "maxImages": 2,
}


def written(asked: Asked) -> Reply:
    if asked.path.endswith("/images/generations"):
        return Drawn(PNG)
    wanted = asked.body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
    return Told(json.dumps({"pictures": PICTURES})) if "pictures" in wanted else fake.written(asked)


@dataclass
class Desk:
    """A house that writes articles with OpenAI's SDK; `die` names the step at whose storing the worker dies."""

    house: House
    server: FakeOpenAI
    die_before: str = ""
    die_after: str = ""

    def keep(self, kept: Any) -> Any:
        def dying(job: str, index: int, stage: int, name: str, step: StoredStep) -> StoredStep:
            if self.die_before == name:
                self.die_before = ""
                raise Crash
            stored: StoredStep = kept(job, index, stage, name, step)
            if self.die_after == name:
                self.die_after = ""
                raise Crash
            return stored

        return dying

    def write(self) -> str:
        """The job's id, when all is quiet; whoever dies is found out when its lease ends."""
        body = {"keywords": ["forex"], "settings": SETTINGS}
        job_id = submit(self.house.parts, USER, Request.model_validate(body)).job_id
        for _ in range(40):
            self.house.run()
            if self.house.job(job_id).status == "completed":
                break
            self.house.clock.now += 60_000
            self.house.sweep()
        return job_id

    def pictures(self, job_id: str) -> list[bytes | None]:
        """The files that the finished article names."""
        record = self.house.product(f"{job_id}-000000")
        files = self.house.parts.files
        body = files.get_product(record["body"]) if record else None
        return [files.get(image["key"]) for image in (body or {})["images"]]

    @property
    def calls(self) -> Counter[str]:
        """By the words of the prompt; each of an article's is another one."""
        return Counter(json.dumps(asked.body, sort_keys=True) for asked in self.server.asked)


@pytest.fixture
def desk(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with fake.serving() as server:
        server.answer = written
        writer = OpenAIWriter("sk-test", server.url)
        models = Catalogue(catalogue.load(today=date(2026, 11, 22)), available=["openai"])

        def found(model_id: str) -> Any:
            model = models.find(model_id)
            assert model
            return model

        house.recorder = Recorder(
            house.observer,
            lambda model_id, prompt, seconds: writer.write(found(model_id), prompt, seconds),
            lambda model_id, prompt, seconds: writer.make(found(model_id), prompt, seconds),
        )
        recorder = house.recorder
        house.parts = replace(
            house.parts, kinds=Kinds([articles.KIND]), models=models, write=recorder, make=recorder.make
        )
        desk = Desk(house, server)
        monkeypatch.setattr(house.parts.files, "keep_step", desk.keep(house.parts.files.keep_step))
        yield desk
        writer.close()


@pytest.mark.parametrize("step", STEPS)
def test_after_a_step_is_stored_nothing_is_asked_twice(desk: Desk, step: str) -> None:
    desk.die_after = step
    job_id = desk.write()
    assert desk.die_after == "", "nobody died"
    assert desk.house.job(job_id).status == "completed"
    assert list(desk.calls.values()) == [1] * len(STEPS)
    assert desk.pictures(job_id) == [PNG, PNG]
    check(desk.house, ended=True)


@pytest.mark.parametrize("step", STEPS)
def test_before_it_is_stored_that_one_call_is_made_again_and_no_other(desk: Desk, step: str) -> None:
    """The duplicate spend of a crash: the one call in flight, which is ours to bear."""
    desk.die_before = step
    job_id = desk.write()
    assert desk.die_before == "", "nobody died"
    assert desk.house.job(job_id).status == "completed"
    assert sorted(desk.calls.values()) == [1] * (len(STEPS) - 1) + [2]
    assert list(desk.calls.values()).index(2) == STEPS.index(step)
    assert desk.pictures(job_id) == [PNG, PNG]
    check(desk.house, ended=True)
