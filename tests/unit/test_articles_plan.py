"""What a request for articles becomes, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from penstock.domain.errors import Invalid
from penstock.domain.models import Catalogue
from penstock.kinds.intake.keywords import Request
from penstock.providers import catalogue
from tests.desk import MODELS, planned


def keywords(plan: Any) -> list[str]:
    return [line["keyword"] for line in plan.inputs]


def test_keywords_are_cleaned_and_keep_their_order() -> None:
    plan = planned(["  học \t forex ", "SEO", {"keyword": "phở", "title": " Phở  bò ", "outline": "## Một\r\n## Hai "}])
    assert plan.inputs == (
        {"keyword": "học forex"},
        {"keyword": "SEO"},
        {"keyword": "phở", "title": "Phở bò", "outline": "## Một\n## Hai"},
    )


def test_text_is_split_at_line_ends_and_commas() -> None:
    assert keywords(planned("seo, forex\nphở\r\n\r\n , chè")) == ["seo", "forex", "phở", "chè"]


def test_a_keyword_in_a_list_may_have_a_comma() -> None:
    assert keywords(planned(["bread, home-made"])) == ["bread, home-made"]


def test_decomposed_and_composed_letters_are_one_keyword() -> None:
    assert keywords(planned(["học", "ho\u0323c"])) == ["học"]


def test_blanks_and_repeats_are_left_out_and_told() -> None:
    plan = planned(["SEO", " ", "seo", "\u200b", "Seo", "forex"])
    assert keywords(plan) == ["SEO", "forex"]
    assert "2 blank keywords left out" in plan.warnings
    assert "2 repeated keywords left out: seo, Seo" in plan.warnings


def test_more_than_ten_are_warned_about() -> None:
    assert not any("one after another" in warning for warning in planned([f"k{n}" for n in range(10)]).warnings)
    assert any(warning.startswith("11 keywords") for warning in planned([f"k{n}" for n in range(11)]).warnings)


def test_defaults() -> None:
    plan = planned(["seo"])
    assert plan.settings == {
        "model": "gpt-6-luna",
        "language": "vi",
        "tone": "professional",
        "length": "medium",
        "outlineOption": "no-outline",
        "customOutline": None,
        "autoInsertImages": False,
        "maxImages": 5,
        "imageModel": None,
        "websiteId": None,
        "useGoogleSearch": False,
        "_search": False,
        "_websites": {},
        "_languages": {},
    }
    assert (plan.model, plan.name) == ("gpt-6-luna", "seo")


def test_snake_case_is_accepted() -> None:
    request = Request.model_validate({"job_type": "batch_keywords", "keywords": ["a"], "settings": {"max_images": 3}})
    assert request.settings.max_images == 3


@pytest.mark.parametrize(("asked", "kept"), [("VI", "vi"), ("zh-hant-tw", "zh-Hant-TW"), ("pt-br", "pt-BR")])
def test_language_is_normalised(asked: str, kept: str) -> None:
    assert planned(["a"], {"language": asked}).settings["language"] == kept


def test_an_alias_gives_the_exact_model_and_says_so() -> None:
    plan = planned(["a"], {"model": "gemini"})
    assert plan.model == plan.settings["model"] == "gemini-3.8-flash"
    assert "gemini stands for gemini-3.8-flash, which will write" in plan.warnings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "offline writer"),
        ({"autoInsertImages": True}, "gpt-image-2.6-flare is not called"),
        (
            {"autoInsertImages": True, "imageModel": "nano banana"},
            "nano banana stands for gemini-nano",
        ),
        ({"useGoogleSearch": True}, "the offline writer does not search"),
        ({"model": "GPT-4o-mini"}, "can be called until 2027-01-14"),
    ],
)
def test_what_will_not_be_as_wished_is_told(settings: dict[str, Any], words: str) -> None:
    assert any(words in warning for warning in planned(["a"], settings).warnings)


def test_the_offline_writer_is_not_mentioned_where_the_provider_answers() -> None:
    models = Catalogue(catalogue.load(), available=["openai", "gemini"])
    assert planned(["a"], models=models).warnings == ()


def test_a_website_goes_with_the_settings() -> None:
    plan = planned([{"keyword": "a", "websiteId": "site-1"}])
    assert plan.inputs[0]["websiteId"] == "site-1"
    assert plan.settings["_websites"]["site-1"]["name"] == "Money School"


def test_custom_outline_is_not_needed_where_every_line_has_its_own() -> None:
    plan = planned([{"keyword": "a", "outline": "## One"}], {"outlineOption": "custom"})
    assert plan.settings["customOutline"] is None


@pytest.mark.parametrize(
    ("lines", "settings", "field", "remedy"),
    [
        ([], {}, "keywords", "give at least one"),
        ([" ", "\n", "\u200b"], {}, "keywords", "give at least one"),
        ("", {}, "keywords", "give at least one"),
        ([f"k{n}" for n in range(10_001)], {}, "keywords", "split them"),
        ([f"k{n}" for n in range(17)] + ["x" * 201], {}, "keywords[17]", "shorten it"),
        (["a\x00b"], {}, "keywords[0]", "U+0000"),
        (["a\ud800"], {}, "keywords[0]", "U+D800"),
        ([{"keyword": "a", "title": "x\x07"}], {}, "keywords[0].title", "U+0007"),
        ([{"keyword": "a", "outline": "x\x1b"}], {}, "keywords[0].outline", "U+001B"),
        ([{"keyword": "a", "websiteId": "nope"}], {}, "keywords[0].websiteId", "no website"),
        ([{"keyword": f"k{n}", "websiteId": f"s{n}"} for n in range(21)], {}, "keywords[0].websiteId", "at most"),
        (["a"], {"websiteId": "nope"}, "settings.websiteId", "no website"),
        (["a"], {"model": "gpt-99"}, "settings.model", "gpt-6-luna, gpt-6.1-terra"),
        (["a"], {"language": "xx-notreal"}, "settings.language", "vi, en or pt-BR"),
        (["a"], {"language": "klingonese"}, "settings.language", "vi, en or pt-BR"),
        (["a"], {"language": ""}, "settings.language", "vi, en or pt-BR"),
        (["a"], {"language": "und"}, "settings.language", "vi, en or pt-BR"),
        (["a"], {"outlineOption": "custom"}, "settings.customOutline", "give it"),
        (["a"], {"outlineOption": "custom", "customOutline": " \n "}, "settings.customOutline", "give it"),
        (["a"], {"customOutline": "## One"}, "settings.customOutline", "leave it out"),
    ],
)
def test_faults_name_the_field_and_the_remedy(lines: Any, settings: dict[str, Any], field: str, remedy: str) -> None:
    with pytest.raises(Invalid) as caught:
        planned(lines, settings)
    faults = {error.field: error.message for error in caught.value.errors}
    assert list(faults) == [field]
    assert remedy in faults[field]


def test_all_faults_are_told_together() -> None:
    with pytest.raises(Invalid) as caught:
        planned(["x" * 201], {"model": "gpt-99", "language": "klingonese"}, name="a\x00")
    fields = [error.field for error in caught.value.errors]
    assert fields == ["keywords[0]", "settings.model", "settings.language", "name"]


def test_only_the_first_twenty_faults_are_told() -> None:
    with pytest.raises(Invalid) as caught:
        planned(["x" * 201] * 30)
    assert len(caught.value.errors) == 20


@pytest.mark.parametrize(
    "models",
    [Catalogue(catalogue.load()), Catalogue(catalogue.load(), available=["gemini"]), Catalogue([], offline=True)],
)
def test_a_model_nobody_answers_for_is_refused(models: Catalogue) -> None:
    with pytest.raises(Invalid) as caught:
        planned(["a"], {"model": "gpt-6-luna"}, models=models)
    assert [error.field for error in caught.value.errors] == ["settings.model"]


def test_a_model_that_cannot_write_as_much_is_refused() -> None:
    brief = MODELS.models[0].model_copy(update={"id": "brief", "aliases": (), "output_limit": 5_000})
    models = Catalogue([brief], offline=True)
    assert planned(["a"], {"model": "brief", "length": "short"}, models=models).model == "brief"
    with pytest.raises(Invalid, match="5,000 tokens"):
        planned(["a"], {"model": "brief", "length": "medium"}, models=models)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ("keywords",)),
        ({"keywords": None}, ("keywords",)),
        ({"keywords": 7}, ("keywords",)),
        ({"keywords": ["a", 7]}, ("keywords", 1)),
        ({"keywords": [None]}, ("keywords", 0)),
        ({"keywords": [{"title": "t"}]}, ("keywords", 0, "keyword")),
        ({"keywords": [{"keyword": "a", "colour": "red"}]}, ("keywords", 0, "colour")),
        ({"keywords": [{"keyword": "a", "title": "x" * 201}]}, ("keywords", 0, "title")),
        ({"keywords": [{"keyword": "a", "outline": "x" * 5_001}]}, ("keywords", 0, "outline")),
        ({"keywords": ["a"], "colour": "red"}, ("colour",)),
        ({"keywords": ["a"], "settings": {"colour": "red"}}, ("settings", "colour")),
        ({"keywords": ["a"], "settings": {"tone": "angry"}}, ("settings", "tone")),
        ({"keywords": ["a"], "settings": {"length": "endless"}}, ("settings", "length")),
        ({"keywords": ["a"], "settings": {"outlineOption": "some"}}, ("settings", "outlineOption")),
        ({"keywords": ["a"], "settings": {"customOutline": "x" * 5_001}}, ("settings", "customOutline")),
        ({"keywords": ["a"], "settings": {"maxImages": -1}}, ("settings", "maxImages")),
        ({"keywords": ["a"], "settings": {"maxImages": 11}}, ("settings", "maxImages")),
        ({"keywords": ["a"], "settings": {"maxImages": True}}, ("settings", "maxImages")),
        ({"keywords": ["a"], "settings": {"useGoogleSearch": "yes"}}, ("settings", "useGoogleSearch")),
        ({"keywords": ["a"], "settings": {"websiteId": "x" * 101}}, ("settings", "websiteId")),
        ({"job_type": "words", "keywords": ["a"]}, ("job_type",)),
        ({"keywords": ["a"], "priority": "urgent"}, ("priority",)),
        ({"keywords": ["a"], "budget": -1}, ("budget",)),
    ],
)
def test_what_the_shape_forbids_names_its_place(body: dict[str, Any], place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Request.model_validate(body)
    assert [error["loc"] for error in caught.value.errors()] == [place]


def test_the_schema_tells_all_forms_of_keywords() -> None:
    forms = Request.model_json_schema()["properties"]["keywords"]["anyOf"]
    assert {form["type"] for form in forms} == {"string", "array"}
