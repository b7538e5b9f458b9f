"""How an article is written: its calls, its fields, and what they may cost."""

import itertools
import json
from typing import Any

import pytest

from penstock.domain.errors import Refused, Transient
from penstock.domain.kind import Product
from penstock.domain.quota import Needs
from penstock.kinds import articles
from penstock.kinds.writing.prompts import OUTPUT
from tests.desk import MODELS, Desk, Scripted, good, planned

META = json.dumps({"title": "The title", "metaTitle": "Meta", "metaDescription": "What it is about."})
GOOD = good()
OUTLINES: tuple[dict[str, Any], ...] = (
    {},
    {"outlineOption": "ai-outline"},
    {"outlineOption": "custom", "customOutline": "## A\n## B"},
)


def written(keyword: Any = "học forex", settings: dict[str, Any] | None = None, desk: Desk | None = None) -> Product:
    return articles.write((desk or Desk()).work(planned([keyword], settings)))


def prompts(keyword: Any, settings: dict[str, Any]) -> dict[str, str]:
    desk = Desk()
    written(keyword, settings, desk)
    return {prompt.purpose: prompt.user for _, prompt in desk.asked}


def test_a_draft_is_complete() -> None:
    product = written()
    assert product.collection == "ARTICLE"
    assert product.id is None
    fields = dict(product.fields)
    assert fields["word_count"] >= 1_000
    assert 0 < len(fields["meta_title"]) <= 60
    assert 0 < len(fields["meta_description"]) <= 160
    assert "forex" in fields["slug"]
    assert {name: fields[name] for name in ("keyword", "model", "language", "status")} == {
        "keyword": "học forex",
        "model": "gpt-6-luna",
        "language": "vi",
        "status": "draft",
    }
    assert (fields["images"], fields["sources"], fields["website_id"]) == ([], [], None)
    assert product.body["content"].startswith("<blockquote>")
    assert product.body["outline"] is None
    json.dumps([product.fields, product.body])


@pytest.mark.parametrize("model", [model.id for model in MODELS.able("text")])
def test_every_call_uses_the_selected_model(model: str) -> None:
    desk = Desk()
    assert written(settings={"model": model, "outlineOption": "ai-outline"}, desk=desk).fields["model"] == model
    assert [(asked, prompt.purpose) for asked, prompt in desk.asked] == [
        (model, "outline"),
        (model, "content"),
        (model, "metadata"),
    ]


@pytest.mark.parametrize("settings", OUTLINES)
def test_a_replay_of_stored_steps_asks_nobody_and_gives_the_same(settings: dict[str, Any]) -> None:
    desk = Desk()
    first = written(settings=settings, desk=desk)
    asked = len(desk.asked)
    again = articles.write(desk.work(planned(["học forex"], settings), may_call=lambda: False))
    assert (again, len(desk.asked)) == (first, asked)


def test_a_model_makes_an_outline_only_where_one_is_asked_for() -> None:
    assert list(prompts("a", {})) == ["content", "metadata"]
    assert list(prompts("a", {"outlineOption": "ai-outline"})) == ["outline", "content", "metadata"]
    assert list(prompts({"keyword": "a", "outline": "## Own"}, {"outlineOption": "ai-outline"})) == [
        "content",
        "metadata",
    ]


def test_the_outline_given_reaches_the_content_and_a_lines_own_goes_before() -> None:
    custom = {"outlineOption": "custom", "customOutline": "## From the settings"}
    assert "## From the settings" in prompts("a", custom)["content"]
    own = prompts({"keyword": "a", "outline": "## From the line"}, custom)["content"]
    assert "## From the line" in own
    assert "## From the settings" not in own


def test_the_outline_of_the_model_reaches_the_content() -> None:
    desk = Desk(Scripted(outline="## Made up", content=GOOD, metadata=META))
    assert written(settings={"outlineOption": "ai-outline"}, desk=desk).body["outline"] == "## Made up"
    assert "## Made up" in desk.asked[1][1].user


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"language": "en"}, "English"),
        ({"language": "fr"}, "Français (fr)"),
        ({"language": "tlh"}, "(tlh)"),
        ({"tone": "casual"}, "as to a friend"),
        ({"tone": "creative"}, "vivid"),
        ({"length": "short"}, "500 to 800 words"),
        ({"length": "long"}, "2000 to 3000 words"),
        ({"websiteId": "site-1"}, "savers aged thirty"),
        ({"websiteId": "site-1"}, "https://money.example/budget"),
    ],
)
def test_every_setting_reaches_the_prompt(settings: dict[str, Any], words: str) -> None:
    assert words in prompts("seo", settings)["content"]
    assert words not in prompts("seo", {})["content"]


def test_keyword_and_title_reach_every_prompt() -> None:
    line = {"keyword": "$5 {keyword} «seo»", "title": "Ein Titel"}
    made = prompts(line, {"outlineOption": "ai-outline"})
    assert len(made) == 3
    assert all("$5 {keyword} «seo»" in prompt and "Ein Titel" in prompt for prompt in made.values())


def test_no_placeholder_is_left_in_a_prompt() -> None:
    for settings in OUTLINES:
        assert not any("$" in prompt for prompt in prompts("seo", settings).values())


def test_a_title_given_is_kept() -> None:
    fields = written({"keyword": "forex", "title": "Học Forex Cơ Bản: Hướng Dẫn Chi Tiết"}).fields
    assert fields["title"] == "Học Forex Cơ Bản: Hướng Dẫn Chi Tiết"
    assert fields["slug"] == "hoc-forex-co-ban-huong-dan-chi-tiet"


def test_an_article_that_replaces_another_takes_its_id() -> None:
    plan = planned(["a"])
    work = Desk().work(plan)
    work.input = {**work.input, "replaces": "older"}
    assert articles.write(work).id == "older"


def test_a_lines_website_goes_before_the_settings() -> None:
    assert written({"keyword": "a", "websiteId": "site-1"}).fields["website_id"] == "site-1"


def test_metadata_too_long_are_cut_between_words() -> None:
    meta = json.dumps({"title": "word " * 60, "metaTitle": "long " * 20, "metaDescription": "description " * 20})
    fields = written(desk=Desk(Scripted(content=GOOD, metadata=meta))).fields
    assert len(fields["title"]) <= 200
    assert fields["meta_title"] == "long " * 11 + "long…"
    assert len(fields["meta_description"]) <= 160
    assert fields["meta_description"].endswith("description…")


def test_a_blank_title_falls_back_to_the_keyword() -> None:
    meta = json.dumps({"title": " ", "metaTitle": "", "metaDescription": ""})
    fields = written("seo", desk=Desk(Scripted(content=GOOD, metadata=meta))).fields
    assert (fields["title"], fields["meta_title"], fields["slug"]) == ("seo", "seo", "seo")


def test_the_models_own_title_heading_and_scripts_do_not_stay() -> None:
    content = f"# The title\n\nHello <script>alert(1)</script>world.\n\n## Part\n\n{GOOD}"
    body = written(desk=Desk(Scripted(content=content, metadata=META))).body
    assert body["content"].startswith("<p>Hello world.</p>\n<h2>Part</h2>\n<blockquote>")
    assert body["markdown"].startswith("Hello")


@pytest.mark.parametrize("answer", ["", "  \n", "***", "# Only a title\n"])
def test_an_empty_article_gets_another_try_and_is_not_stored(answer: str) -> None:
    desk = Desk(Scripted(content=answer, metadata=META))
    with pytest.raises(Transient):
        written(desk=desk)
    assert desk.steps == {}


@pytest.mark.parametrize(
    "answer", ["", "no JSON", "[]", '{"title": "a"}', '{"title": 1, "metaTitle": [], "metaDescription": {}}']
)
def test_malformed_metadata_get_another_try_and_the_article_stays(answer: str) -> None:
    desk = Desk(Scripted(content=GOOD, metadata=answer))
    with pytest.raises(Transient):
        written(desk=desk)
    assert list(desk.steps) == ["content"]


def test_without_tries_left_the_first_step_not_stored_fails() -> None:
    with pytest.raises(Refused):
        articles.write(Desk().work(planned(["a"]), may_call=lambda: False))


LINES: tuple[Any, ...] = (
    "a",
    "học forex cơ bản",
    "外汇交易基础",
    "🚀🚀",
    "x" * 200,
    "国" * 200,
    {"keyword": "seo", "title": "𝒯" * 200, "outline": "## Phần\n" * 600, "websiteId": "site-1"},
)
CASES = [
    (line, {"length": length, "language": language, **outline})
    for line, length, language, outline in itertools.product(
        LINES, ("short", "medium", "long"), ("vi", "en", "zh"), OUTLINES
    )
]


def test_what_is_used_stays_below_the_ceiling() -> None:
    for line, settings in CASES:
        plan = planned([line], settings)
        work = Desk().work(plan)
        articles.write(work)
        most = articles.ceiling(plan.inputs[0], plan.settings, 0, MODELS)
        used = Needs(work.usage.tokens, articles=1, cost=work.usage.cost)
        assert used.within(most) == used, (line, settings)


@pytest.mark.parametrize("settings", OUTLINES)
def test_the_ceiling_holds_for_answers_as_long_as_they_can_be(settings: dict[str, Any]) -> None:
    """A writer that makes one token of every byte of its prompt, and of its answer all that the prompt allows."""
    longest = "🚀" * (OUTPUT["medium"] // 4 - 2) + " words"
    desk = Desk(Scripted(outline="🚀" * 9_000, content=longest, repair=GOOD, metadata=META))
    plan = planned(["🚀" * 200], settings)
    articles.write(desk.work(plan))
    assert "repair" in desk.steps
    model = MODELS.models[0]
    calls = [prompt.most(model) for _, prompt in desk.asked]
    most = articles.ceiling(plan.inputs[0], plan.settings, 0, MODELS)
    assert sum(call.tokens for call in calls) <= most.tokens
    assert sum(model.price(call) for call in calls) <= most.cost
    assert most.articles == 1


def test_every_model_offered_can_write_a_long_article() -> None:
    assert all(model.output_limit >= OUTPUT["long"] for model in MODELS.able("text"))
