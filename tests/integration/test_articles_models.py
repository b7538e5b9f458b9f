"""Which model an article's calls name on the wire: the one that was selected, in every one of them, and the image model
in those for pictures."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from penstock.kinds import articles
from penstock.kinds.writing.prompts import content_prompt
from penstock.providers.offline import OfflineWriter
from penstock.providers.openai import OpenAIWriter
from tests import fake_openai as fake
from tests.desk import MODELS, Desk, planned
from tests.fake_media import PNG, Drawn
from tests.fake_openai import Asked, FakeOpenAI, Reply, Told

SELECTED = [model.id for model in MODELS.able("text") if model.provider == "openai"]
PAINTERS = [model.id for model in MODELS.able("image") if model.provider == "openai"]
CHOICE = [{"heading": 1, "description": "A chart.", "alt": "A chart"}]
TITLES = {
    "title": "What a pip is worth in every trade",
    "metaTitle": "What a pip is worth",
    "metaDescription": "How pips are counted and what each of them is worth in a trade of any size.",
}


def good() -> str:
    """An article that nothing is wrong with."""
    plan = planned(["pips"], {"language": "en", "length": "short"})
    text = OfflineWriter().write(MODELS.models[0], content_prompt(plan.inputs[0], plan.settings, None), 60).text
    return text.partition("\n\n")[2]  # without the line that says that it is a sample


def answering(asked: Asked, texts: Iterator[str]) -> Reply:
    """One picture, and the texts one after another."""
    if asked.path.endswith("/images/generations"):
        return Drawn(PNG)
    if "response_format" not in asked.body:
        return Told(next(texts))
    wanted = asked.body["response_format"]["json_schema"]["schema"]["properties"]
    return Told(json.dumps({"pictures": CHOICE} if "pictures" in wanted else TITLES))


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    """It writes an outline, an article that is far too short, and then a good one."""
    with fake.serving() as server:
        server.answer = partial(
            answering, texts=iter(["## How pips are counted", "Pips are the smallest steps of a price.", good()])
        )
        yield server


@pytest.mark.parametrize("painter", PAINTERS)
@pytest.mark.parametrize("model", SELECTED)
def test_every_call_carries_the_selected_model(server: FakeOpenAI, model: str, painter: str) -> None:
    writer = OpenAIWriter("sk-test", server.url)
    desk = Desk(writer)
    settings = {
        "model": model,
        "imageModel": painter,
        "language": "en",
        "length": "short",
        "outlineOption": "ai-outline",
        "autoInsertImages": True,
    }
    product = articles.write(desk.work(planned(["pips"], settings)))
    writer.close()
    texts = [each for each in server.asked if each.path.endswith("/chat/completions")]
    images = [each for each in server.asked if each.path.endswith("/images/generations")]
    assert len(texts) + len(images) == len(server.asked)
    assert {each.body["model"] for each in texts} == {model}
    assert {each.body["model"] for each in images} == {painter}
    purposes = [prompt.purpose for _, prompt in desk.asked]
    assert purposes == ["outline", "content", "repair", "metadata", "pictures"]
    assert len(texts) == len(desk.asked)
    assert (len(images), product.fields["model"]) == (1, model)
    assert product.body["content"].count('<img src="images/1.png" alt="A chart">') == 1
