"""An article that is not as it was asked for, from the provider's wire to the user's balance."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from penstock.domain.item import ItemStatus
from penstock.domain.job import Status
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Completion, Prompt
from penstock.engine import control
from penstock.engine.submit import submit
from penstock.kinds import articles
from penstock.kinds.intake.keywords import Request
from penstock.providers import catalogue
from penstock.providers.openai import OpenAIWriter
from tests import fake_openai as fake
from tests.calls import Recorder
from tests.desk import good
from tests.fake_openai import Asked, FakeOpenAI, Reply, Told
from tests.house import House
from tests.invariants import check
from tests.views import USER

ENGLISH, VIETNAMESE = good("en", "short"), good("vi", "short")
TITLES = json.dumps({"title": "Học forex", "metaTitle": "Học forex", "metaDescription": "Bài viết về forex."})


class Press:
    """A house whose articles come from `server`: `texts` are its next ones, the last again and again."""

    def __init__(self, house: House, server: FakeOpenAI) -> None:
        self.house, self.server, self.texts = house, server, [ENGLISH]
        self._writer = OpenAIWriter("sk-test", server.url)
        models = Catalogue(catalogue.load(today=date(2026, 11, 22)), available=["openai"])
        server.answer = self._answer

        def write(model_id: str, prompt: Prompt, seconds: float) -> Completion:
            model = models.find(model_id)
            assert model
            return self._writer.write(model, prompt, seconds)

        house.recorder = Recorder(house.observer, write, house.script.make)
        house.parts = replace(house.parts, kinds=Kinds([articles.KIND]), models=models, write=house.recorder)

    def _answer(self, asked: Asked) -> Reply:
        if "response_format" in asked.body:
            return Told(TITLES)
        return Told(self.texts.pop(0) if len(self.texts) > 1 else self.texts[0])

    def submit(self) -> str:
        body = {"keywords": ["học forex"], "settings": {"length": "short", "language": "vi"}}
        return submit(self.house.parts, USER, Request.model_validate(body)).job_id

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def press(house: House) -> Iterator[Press]:
    with fake.serving() as server:
        press = Press(house, server)
        yield press
        press.close()


def test_what_is_still_in_the_wrong_language_fails_with_the_reason_and_costs_the_user_nothing(press: Press) -> None:
    house = press.house
    job_id = press.submit()
    house.run()
    item = house.items(job_id)[0]
    assert item.status == ItemStatus.FAILED
    assert item.error is not None
    assert item.error["code"] == "quality_wrong_language"
    assert "Written in English, asked was Vietnamese." in item.error["message"]
    assert len(press.server.asked) == 2
    account, job = house.account(), house.job(job_id)
    assert (account.tokens_remaining, account.articles_remaining) == (100_000, 1_000)
    assert (job.status, job.tokens_used) == (Status.FAILED, 0)
    assert job.cost > 0  # the provider bills both calls
    check(house)


def test_a_retry_repairs_what_failed_and_is_charged_for_all_that_it_took(press: Press) -> None:
    house = press.house
    job_id = press.submit()
    house.run()
    press.texts = [VIETNAMESE]
    control.retry(house.parts, USER.user, job_id)
    house.run()
    assert house.job(job_id).status == Status.COMPLETED
    assert len(press.server.asked) == 4  # content, repair; repair, metadata
    assert house.account().tokens_remaining == 100_000 - house.job(job_id).tokens_used
    assert house.job(job_id).tokens_used == 3 * 150
    check(house)


def test_one_repair_is_charged_with_the_article(press: Press) -> None:
    press.texts = [ENGLISH, VIETNAMESE]
    job_id = press.submit()
    press.house.run()
    assert press.house.job(job_id).status == Status.COMPLETED
    assert len(press.server.asked) == 3
    assert {each.body["model"] for each in press.server.asked} == {"gpt-6-luna"}
    assert press.house.job(job_id).tokens_used == 3 * 150
    check(press.house)
