"""An article's pictures: which are made, by whom, where they stand, and what they may cost."""

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.domain.errors import Fate, Invalid, Limited, Refused, Transient
from penstock.domain.kind import Product
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import ImagePrompt, Media, MediaPrompt
from penstock.domain.quota import Needs, Usage
from penstock.domain.work import StoredStep
from penstock.kinds import articles
from penstock.providers import catalogue
from tests.desk import MODELS, Desk, Scripted, planned

TEXT = "Intro.\n\n## One\n\nFirst.\n\nMore.\n\n## Two\n\nHere they are:\n\n- a\n- b\n\n## Three\n\n- only a list"
META = {"title": "The title", "meta_title": "Meta", "meta_description": "What it is about."}
WANTED: dict[str, Any] = {"autoInsertImages": True}


def wanted(*pictures: tuple[int, str]) -> str:
    """An answer: each picture by its heading and its alternative text."""
    named = [{"heading": heading, "description": f"A scene of {alt}.", "alt": alt} for heading, alt in pictures]
    return json.dumps({"pictures": named})


class Painter(Scripted):
    """Answers which `pictures` there are to be. Refuses, or fails, at those that `fates` names by their step."""

    def __init__(self, pictures: str, **fates: Fate) -> None:
        super().__init__(pictures=pictures)
        self.fates = {name.replace("_", "-"): fate for name, fate in fates.items()}

    def make(self, model: Model, prompt: MediaPrompt, seconds: float) -> Media:
        if prompt.purpose in self.fates:
            raise self.fates[prompt.purpose].having_used(Usage(extra=7, cost=5, calls=1))
        return super().make(model, prompt, seconds)


def desk_of(painter: Painter, content: str = TEXT) -> Desk:
    """Where the article is written already."""
    desk = Desk(painter)
    for name, value in (("content", {"markdown": content, "sources": []}), ("metadata", META)):
        desk.steps[name] = StoredStep(value, Usage(), "openai")
    return desk


def drawn(desk: Desk, **settings: Any) -> Product:
    return articles.write(desk.work(planned(["forex"], {**WANTED, **settings})))


def test_a_picture_stands_after_the_first_paragraph_of_its_section() -> None:
    body = drawn(desk_of(Painter(wanted((1, "a coin"))))).body
    assert '<p>First.</p>\n<p><img src="images/1.png" alt="a coin"></p>\n<p>More.</p>' in body["content"]
    assert "First.\n\n![a coin](images/1.png)\n\n" in body["markdown"]


def test_a_paragraph_that_leads_on_to_a_list_is_not_torn_from_it() -> None:
    content = drawn(desk_of(Painter(wanted((2, "a bank"), (3, "a shop"))))).body["content"]
    assert '<h2>Two</h2>\n<p><img src="images/1.png" alt="a bank"></p>\n<p>Here they are:</p>' in content
    assert '<h2>Three</h2>\n<p><img src="images/2.png" alt="a shop"></p>\n<ul>' in content


def test_the_record_and_the_body_list_the_pictures() -> None:
    desk = desk_of(Painter(wanted((1, "a coin"))))
    product = drawn(desk)
    assert product.fields["images"] == [{"name": "1.png", "alt": "a coin", "heading": "One"}]
    assert product.body["images"] == [
        {"name": "1.png", "key": "media/1.png", "alt": "a coin", "heading": "One", "mediaType": "image/png"}
    ]
    assert desk.files["media/1.png"].data.startswith(b"\x89PNG")
    assert product.fields["notes"] == []
    json.dumps([product.fields, product.body])


def test_pictures_are_no_words_of_the_article() -> None:
    with_pictures = drawn(desk_of(Painter(wanted((1, "a very long alternative text of many words")))))
    assert with_pictures.fields["word_count"] == drawn(desk_of(Painter(wanted()))).fields["word_count"]


@pytest.mark.parametrize(
    ("model", "image_model", "made_by"),
    [
        ("gpt-6-luna", None, "gpt-image-2.6-flare"),
        ("gemini-3.8-flash", None, "gemini-nano-banana-2.1"),
        ("gpt-6-luna", "Nano Banana", "gemini-nano-banana-2.1"),
    ],
)
def test_the_text_model_chooses_and_its_providers_image_model_draws(
    model: str, image_model: str | None, made_by: str
) -> None:
    desk = desk_of(Painter(wanted((1, "a coin"), (2, "a bank"))))
    drawn(desk, model=model, imageModel=image_model)
    assert [(asked, prompt.purpose) for asked, prompt in desk.asked] == [(model, "pictures")]
    assert [(asked, prompt.purpose) for asked, prompt in desk.made] == [(made_by, "image-1"), (made_by, "image-2")]


def test_the_image_model_is_seen_in_the_settings_only_where_it_is_needed() -> None:
    assert planned(["a"], WANTED).settings["imageModel"] == "gpt-image-2.6-flare"
    assert planned(["a"]).settings["imageModel"] is None


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("dall-e-9", "no model is called 'dall-e-9'; there are gpt-image-2.6-flare"),
        ("gpt-6-luna", "not image; there are gpt-image-2.6-flare"),
        ("gpt-4o-mini-tts", "makes speech, not image"),
    ],
)
def test_a_model_that_makes_no_images_is_refused(name: str, remedy: str) -> None:
    with pytest.raises(Invalid, match=r"settings\.imageModel") as caught:
        planned(["a"], {"imageModel": name})
    assert remedy in str(caught.value)


def test_an_image_model_without_a_key_is_refused_and_another_providers_may_stand_in() -> None:
    models = Catalogue(catalogue.load(), available=["openai"])
    settings = {**WANTED, "imageModel": "gemini-nano-banana-2.1"}
    with pytest.raises(Invalid, match=r"no key; there are gpt-image-2\.6-flare, gpt-image-2\.6-sunburst$"):
        planned(["a"], settings, models=models)
    only_gemini_draws = Catalogue(
        [each for each in catalogue.load() if "image" not in each.features or each.provider == "gemini"],
        available=["openai", "gemini"],
    )
    plan = planned(["a"], WANTED, models=only_gemini_draws)
    assert (plan.model, plan.settings["imageModel"]) == ("gpt-6-luna", "gemini-nano-banana-2.1")


def test_where_nobody_draws_the_article_is_written_without_and_says_so() -> None:
    models = Catalogue([each for each in catalogue.load() if "image" not in each.features], offline=True)
    plan = planned(["a"], WANTED, models=models)
    assert any("will have no images" in warning for warning in plan.warnings)
    desk = Desk()
    product = articles.write(desk.work(plan))
    assert (product.fields["images"], desk.made) == ([], [])
    assert "<img" not in product.body["content"]
    assert "pictures" not in desk.steps


@pytest.mark.parametrize("settings", [{}, {"maxImages": 3}, {"autoInsertImages": True, "maxImages": 0}])
def test_no_picture_is_made_unasked(settings: dict[str, Any]) -> None:
    desk = Desk()
    articles.write(desk.work(planned(["a"], settings)))
    assert (desk.made, "pictures" in desk.steps) == ([], False)


def test_there_are_never_more_pictures_than_asked_for_nor_than_sections() -> None:
    many = wanted(*[(1, f"picture {number}") for number in range(20)])
    assert len(drawn(desk_of(Painter(many)), maxImages=2).body["images"]) == 2
    product = drawn(desk_of(Painter(many)), maxImages=10)
    assert [image["heading"] for image in product.body["images"]] == ["One", "Two", "Three"]


@pytest.mark.parametrize(("given", "section"), [(-5, "One"), (0, "One"), (2, "Two"), (3, "Three"), (99, "Three")])
def test_a_heading_that_is_not_there_is_taken_for_the_nearest(given: int, section: str) -> None:
    assert drawn(desk_of(Painter(wanted((given, "x"))))).body["images"][0]["heading"] == section


def test_the_second_picture_of_a_section_goes_to_the_next_that_has_none() -> None:
    product = drawn(desk_of(Painter(wanted((3, "a"), (3, "b"), (1, "c")))))
    assert {image["alt"]: image["heading"] for image in product.body["images"]} == {
        "a": "Three",
        "b": "One",
        "c": "Two",
    }


def test_an_article_without_headings_gets_one_picture_after_its_first_paragraph() -> None:
    product = drawn(desk_of(Painter(wanted((1, "a"), (2, "b"))), "One.\n\nTwo."))
    assert product.body["content"] == '<p>One.</p>\n<p><img src="images/1.png" alt="a"></p>\n<p>Two.</p>'
    assert product.body["images"][0]["heading"] == ""


def test_no_markup_comes_out_of_an_alternative_text() -> None:
    alt = '](x) <script>alert("1")</script> **b**\n\n# c'
    content = drawn(desk_of(Painter(wanted((1, alt))))).body["content"]
    assert "<script" not in content
    assert 'alt="](x) &lt;script&gt;alert(' in content
    assert content.count("<h2>") == 3


def test_a_blank_alternative_text_is_the_heading_and_a_blank_description_is_none() -> None:
    answer = json.dumps(
        {
            "pictures": [
                {"heading": 2, "description": " ", "alt": "left out"},
                {"heading": 2, "description": "A bank.", "alt": " "},
            ]
        }
    )
    assert [image["alt"] for image in drawn(desk_of(Painter(answer))).body["images"]] == ["Two"]


def test_a_picture_that_is_refused_is_left_out_with_a_note_and_the_others_stay() -> None:
    desk = desk_of(Painter(wanted((1, "a"), (2, "b")), image_1=Refused("Not safe.", code="content_filter")))
    product = drawn(desk)
    assert product.fields["notes"] == ["Image 1, for “One”, was left out: Not safe."]
    assert [image["name"] for image in product.body["images"]] == ["2.png"]
    assert "images/1" not in product.body["content"]
    assert product == drawn(desk), "and it is not asked for again"
    assert len(desk.made) == 2


def test_what_a_refused_picture_costs_is_charged() -> None:
    plan = planned(["forex"], WANTED)
    work = desk_of(Painter(wanted((1, "a")), image_1=Refused("No."))).work(plan)
    articles.write(work)
    assert (work.usage.extra, work.billed.cost) == (7, 5)


def test_a_refused_choice_of_pictures_leaves_the_article_without() -> None:
    class Prude(Painter):
        def write(self, model: Model, prompt: Any, seconds: float) -> Any:
            if prompt.purpose == "pictures":
                raise Refused("Not about this.", code="content_filter")
            return super().write(model, prompt, seconds)

    product = drawn(desk_of(Prude(wanted())))
    assert product.fields["notes"] == ["The images were left out: Not about this."]
    assert product.body["images"] == []


@pytest.mark.parametrize("fate", [Transient("503"), Limited("429", retry_after=30)])
def test_other_faults_end_the_work_and_what_is_stored_is_not_paid_for_again(fate: Fate) -> None:
    painter = Painter(wanted((1, "a"), (2, "b")), image_2=fate)
    desk = desk_of(painter)
    with pytest.raises(type(fate)):
        drawn(desk)
    assert list(desk.steps) == ["content", "metadata", "pictures", "image-1"]
    painter.fates.clear()
    product = drawn(desk)
    assert [prompt.purpose for _, prompt in desk.asked] == ["pictures"]
    assert [prompt.purpose for _, prompt in desk.made] == ["image-1", "image-2", "image-2"]
    assert [image["key"] for image in product.body["images"]] == ["media/1.png", "media/2.png"]


@pytest.mark.parametrize("answer", ["", "no JSON", "{}", '{"pictures": [{"heading": "x"}]}'])
def test_a_choice_that_cannot_be_read_leaves_the_article_without(answer: str) -> None:
    desk = desk_of(Painter(answer))
    product = drawn(desk)
    assert product.body["images"] == []
    assert product.fields["notes"][0].startswith("The images were left out: The model's ")
    assert [prompt.purpose for _, prompt in desk.asked].count("pictures") == 1
    drawn(desk)
    assert [prompt.purpose for _, prompt in desk.asked].count("pictures") == 1


def test_the_choice_sees_the_numbered_headings_and_the_beginning_of_the_text() -> None:
    desk = desk_of(Painter(wanted((1, "a coin"))))
    drawn(desk, language="de", maxImages=2)
    asked = desk.asked[-1][1].user
    assert "1. One\n2. Two\n3. Three" in asked
    assert "Intro." in asked
    assert "at most 2" in asked
    assert "German" in asked
    image = desk.made[0][1]
    assert isinstance(image, ImagePrompt)
    assert "A scene of a coin." in image.description
    assert "forex" in image.description


def test_the_offline_writer_draws_for_sections_of_their_own() -> None:
    product = drawn(Desk(), language="vi", maxImages=3)
    assert product.body["content"].count('<img src="images/') == 3
    assert len({image["heading"] for image in product.body["images"]}) == 3


def ceiling(keyword: str = "a", **settings: Any) -> Needs:
    plan = planned([keyword], settings)
    return articles.ceiling(plan.inputs[0], plan.settings, 0, MODELS)


@pytest.mark.parametrize("model", ["gpt-image-2.6-flare", "gpt-image-2.6-sunburst", "gemini-nano-banana-2.1"])
def test_what_is_used_stays_below_what_pictures_add_to_the_ceiling(model: str) -> None:
    """A writer that makes one token of every byte of its prompt, and of its answer all that the prompt allows."""
    answer = wanted(*[(number, "🚀" * 4_000) for number in range(1, 11)])
    content = "\n\n".join(f"## {'🚀' * 200} {number}\n\nwords" for number in range(10))
    settings = {**WANTED, "maxImages": 10, "imageModel": model}
    desk = desk_of(Painter(answer), content)
    work = desk.work(planned(["🚀" * 200], settings))
    articles.write(work)
    assert len(desk.made) == 10
    text, painter = MODELS.models[0], MODELS.find(model)
    assert painter is not None
    calls = [prompt.most(text) for _, prompt in desk.asked] + [prompt.most(painter) for _, prompt in desk.made]
    most = ceiling("🚀" * 200, **settings) - ceiling("🚀" * 200)
    used = Needs(sum(call.tokens for call in calls), cost=sum(call.cost for call in calls))
    assert used.within(most) == used
    assert work.usage.extra == 10 * painter.image_tokens


def test_pictures_raise_the_ceiling_by_what_they_can_cost() -> None:
    one, two = ceiling(**WANTED, maxImages=1), ceiling(**WANTED, maxImages=2)
    painter = MODELS.find("gpt-image-2.6-flare")
    assert painter is not None
    assert 0 <= two.tokens - one.tokens - painter.image_tokens <= 2  # and a digit of the prompt
    assert two.cost - one.cost >= painter.price(Usage(output=painter.output_limit))
    assert one.tokens > ceiling().tokens == ceiling(**WANTED, maxImages=0).tokens


def test_settings_of_a_job_from_before_there_were_pictures_still_work() -> None:
    plan = planned(["a"], {"autoInsertImages": True})
    old = {name: value for name, value in plan.settings.items() if name not in ("imageModel", "_search", "_languages")}
    product = articles.write(Desk().work(replace(plan, settings=old)))
    assert product.fields["images"] == []
    assert articles.ceiling(plan.inputs[0], old, 0, MODELS).articles == 1
