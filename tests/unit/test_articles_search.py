"""Articles whose model searches the web first: how it is asked, and what becomes of its sources."""

from typing import Any

import pytest

from penstock.domain.kind import Product
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import MOST_SEARCHES, Completion, Prompt, Source
from penstock.domain.quota import Usage
from penstock.domain.work import StoredStep
from penstock.kinds import articles
from penstock.providers import catalogue
from penstock.providers.offline import OfflineWriter
from tests.desk import MODELS, Desk, planned

SEARCH = {"useGoogleSearch": True}
FOUND = (
    Source(url="https://a.example/x", title="The first"),
    Source(url="https://a.example/x", title="The first again"),
    Source(url="javascript:alert(1)", title="no page"),
    Source(url="http://b.example/"),
)
KEPT = [{"url": "https://a.example/x", "title": "The first"}, {"url": "http://b.example/", "title": "b.example"}]


class Searcher(OfflineWriter):
    """Finds the same pages for everything."""

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        written = super().write(model, prompt, seconds)
        return written.model_copy(update={"sources": FOUND}) if prompt.search else written


def searched(desk: Desk, **settings: Any) -> Product:
    return articles.write(desk.work(planned(["forex"], {**SEARCH, **settings})))


def desk_of() -> Desk:
    return Desk(Searcher())


def test_only_the_content_is_asked_for_with_a_search_and_only_where_it_is_wished() -> None:
    desk = Desk()
    searched(desk, outlineOption="ai-outline")
    assert {prompt.purpose: prompt.search for _, prompt in desk.asked} == {
        "outline": False,
        "content": True,
        "metadata": False,
    }
    plain = Desk()
    articles.write(plain.work(planned(["forex"])))
    assert not any(prompt.search for _, prompt in plain.asked)


def test_sources_are_listed_once_each_and_web_pages_only() -> None:
    product = searched(desk_of(), language="en")
    assert product.fields["sources"] == KEPT
    assert product.body["content"].endswith(
        '<h2>Sources</h2>\n<ul>\n<li><a href="https://a.example/x" rel="noopener noreferrer">The first</a></li>\n'
        '<li><a href="http://b.example/" rel="noopener noreferrer">b.example</a></li>\n</ul>'
    )
    plain = articles.write(Desk().work(planned(["forex"], {"language": "en"})))
    assert product.fields["word_count"] == plain.fields["word_count"], "they are no words of the article"


@pytest.mark.parametrize(
    ("language", "heading"),
    [("vi", "Nguồn tham khảo"), ("de-CH", "Quellen"), ("zh-Hant", "資料來源"), ("tlh", "Sources")],
)
def test_the_list_is_headed_in_the_articles_language(language: str, heading: str) -> None:
    assert f"<h2>{heading}</h2>" in searched(desk_of(), language=language).body["content"]


def test_a_replay_lists_the_same_sources() -> None:
    desk = desk_of()
    first = searched(desk)
    assert desk.steps["content"].value["sources"] == KEPT
    again = articles.write(desk.work(planned(["forex"], SEARCH), may_call=lambda: False))
    assert again == first


def test_a_content_step_that_was_stored_as_text_alone_is_read() -> None:
    desk = desk_of()
    desk.steps["content"] = StoredStep("Older text.", Usage(), "openai")
    product = searched(desk)
    assert product.body["content"] == "<p>Older text.</p>"
    assert [prompt.purpose for _, prompt in desk.asked] == ["metadata"]
    assert product.fields["sources"] == []


def test_no_heading_without_sources() -> None:
    product = searched(Desk(), language="en")
    assert product.fields["sources"] == []
    assert "Sources" not in product.body["content"]


def test_pictures_do_not_count_the_list_of_sources_among_the_sections() -> None:
    desk = desk_of()
    searched(desk, autoInsertImages=True, language="en")
    asked = next(prompt for _, prompt in desk.asked if prompt.purpose == "pictures")
    assert "Sources" not in asked.user
    assert desk.made


def test_a_model_that_cannot_search_writes_without_and_a_warning_says_so() -> None:
    deaf = MODELS.models[0].model_copy(update={"id": "deaf", "aliases": (), "features": ("text", "json")})
    models = Catalogue([deaf], available=["openai"])
    plan = planned(["forex"], SEARCH, models=models)
    assert plan.warnings == ("useGoogleSearch: deaf cannot search, the articles are written without a search",)
    assert plan.settings["useGoogleSearch"] is True
    assert plan.settings["_search"] is False


def test_the_offline_writer_says_that_it_does_not_search_and_the_provider_does_not() -> None:
    assert any("does not search" in warning for warning in planned(["forex"], SEARCH).warnings)
    models = Catalogue(catalogue.load(), available=["openai"])
    assert planned(["forex"], SEARCH, models=models).warnings == ()


def test_searches_raise_the_ceiling() -> None:
    def most(**settings: Any) -> Any:
        plan = planned(["forex"], settings)
        return articles.ceiling(plan.inputs[0], plan.settings, 0, MODELS)

    model = MODELS.models[0]
    each = model.search_tokens + model.search_reads
    assert (most(**SEARCH).tokens - most().tokens) % each == 0
    assert most(**SEARCH).tokens - most().tokens >= MOST_SEARCHES * each
    assert most(**SEARCH).cost - most().cost >= MOST_SEARCHES * model.search_price
