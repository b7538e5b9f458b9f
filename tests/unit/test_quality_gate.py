"""The gate in an article: judged when written, repaired once, failed with the reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.domain.errors import Refused, Transient
from penstock.domain.kind import Product
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, Prompt
from penstock.domain.quota import Usage
from penstock.domain.work import StoredStep, Work
from penstock.kinds import articles
from penstock.kinds.documents.quality import Fault
from penstock.kinds.writing import gate, prompts
from tests.desk import MODELS, Desk, Scripted, good, planned

GOOD, ENGLISH = good(), good("en")
META = json.dumps({"title": "Học forex", "metaTitle": "Học forex", "metaDescription": "Bài viết về forex."})
WRONG = Fault(code="wrong_language", message="Written in English, asked was Vietnamese.", remedy="Write Vietnamese.")


class Failing(Scripted):
    """Fails once at one purpose, as a provider does that is down."""

    def __init__(self, purpose: str, **answers: str) -> None:
        super().__init__(**answers)
        self._failing: str | None = purpose

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        if prompt.purpose == self._failing:
            self._failing = None
            raise Transient("down")
        return super().write(model, prompt, seconds)


def work_of(desk: Desk, retry: int = 0, may_call: Callable[[], bool] = lambda: True, **settings: Any) -> Work:
    work = desk.work(planned(["học forex"], settings), may_call=may_call)
    work.retry = retry
    return work


def written(desk: Desk, **settings: Any) -> Product:
    return articles.write(work_of(desk, **settings))


def purposes(desk: Desk) -> list[str]:
    return [prompt.purpose for _, prompt in desk.asked]


def test_a_good_article_costs_no_call_more() -> None:
    desk = Desk(Scripted(content=GOOD, metadata=META))
    assert written(desk).body["markdown"] == GOOD
    assert purposes(desk) == ["content", "metadata"]


def test_a_faulty_article_is_repaired_by_one_call_to_the_same_model() -> None:
    desk = Desk(Scripted(content=ENGLISH, repair=GOOD, metadata=META))
    product = written(desk, model="gpt-6.2-sol")
    assert product.body["markdown"] == GOOD
    assert purposes(desk) == ["content", "repair", "metadata"]
    assert {model for model, _ in desk.asked} == {"gpt-6.2-sol"}
    content, repair = desk.asked[0][1], desk.asked[1][1]
    assert repair.max_output == content.max_output
    assert "Written in English, asked was Vietnamese." in repair.user
    assert "Write all of it in Vietnamese" in repair.user
    assert ENGLISH in repair.user
    assert "1000 to 1500 words" in repair.user
    assert "$" not in repair.user


def test_what_still_has_faults_fails_with_the_reason_and_is_not_stored() -> None:
    desk = Desk(Scripted(content=ENGLISH, repair="## Ngắn\n\nBài này quá ngắn.", metadata=META))
    work = work_of(desk)
    with pytest.raises(Refused) as failed:
        articles.write(work)
    assert failed.value.reason == "quality_too_short"
    assert failed.value.message == (
        "The article was repaired once, and still: It has 5 words; 1,000 to 1,500 words were asked for."
    )
    assert list(desk.steps) == ["content"]
    assert work.billed.calls == 2
    assert work.lost.calls == 1


@pytest.mark.parametrize("stops_at", ["repair", "metadata"])
def test_a_crash_between_two_steps_costs_no_second_call(stops_at: str) -> None:
    desk = Desk(Failing(stops_at, content=ENGLISH, repair=GOOD, metadata=META))
    with pytest.raises(Transient):
        written(desk)
    assert written(desk).body["markdown"] == GOOD
    asked = ["content", "repair", "metadata"]
    asked.insert(asked.index(stops_at), stops_at)
    assert purposes(desk) == asked


def test_a_replay_asks_nobody_and_gives_the_same() -> None:
    desk = Desk(Scripted(content=ENGLISH, repair=GOOD, metadata=META))
    first = written(desk)
    assert articles.write(work_of(desk, may_call=lambda: False)) == first
    assert len(desk.asked) == 3


def test_a_retry_of_what_failed_asks_for_the_repair_alone() -> None:
    writer = Scripted(content=ENGLISH, repair=ENGLISH, metadata=META)
    desk = Desk(writer)
    with pytest.raises(Refused, match="Written in English, asked was Vietnamese"):
        written(desk)
    writer._answers["repair"] = GOOD
    assert articles.write(work_of(desk, retry=1)).body["markdown"] == GOOD
    assert purposes(desk) == ["content", "repair", "repair", "metadata"]


def test_without_tries_left_a_repair_that_is_not_stored_fails() -> None:
    desk = Desk(Failing("repair", content=ENGLISH, repair=GOOD, metadata=META))
    with pytest.raises(Transient):
        written(desk)
    with pytest.raises(Refused) as failed:
        articles.write(work_of(desk, may_call=lambda: False))
    assert failed.value.reason == "tries_used_up"


def test_an_empty_repair_gets_another_try() -> None:
    desk = Desk(Scripted(content=ENGLISH, repair=" \n", metadata=META))
    with pytest.raises(Transient):
        written(desk)
    assert list(desk.steps) == ["content"]


@pytest.mark.parametrize("value", [ENGLISH, {"markdown": ENGLISH, "sources": []}])
def test_what_was_written_before_there_was_a_gate_is_kept(value: Any) -> None:
    desk = Desk(Scripted(metadata=META))
    desk.steps["content"] = StoredStep(value, Usage(input=1, calls=1), "openai")
    assert written(desk).body["markdown"] == ENGLISH
    assert purposes(desk) == ["metadata"]


def test_a_stored_text_keeps_its_verdict_whatever_the_rules_say_now() -> None:
    desk = Desk(Scripted(repair=GOOD, metadata=META))
    stored = {"markdown": GOOD, "sources": [], "faults": [WRONG.model_dump()]}
    desk.steps["content"] = StoredStep(stored, Usage(input=1, calls=1), "openai")
    written(desk)
    assert purposes(desk) == ["repair", "metadata"]
    desk = Desk(Scripted(metadata=META))
    desk.steps["content"] = StoredStep({**stored, "markdown": ENGLISH, "faults": []}, Usage(calls=1), "openai")
    assert written(desk).body["markdown"] == ENGLISH


@pytest.mark.parametrize("fence", ["```markdown\n{}\n```", "```md\n{}\n```\n", "```\n{}\n```"])
def test_a_fence_round_the_whole_article_is_taken_off(fence: str) -> None:
    desk = Desk(Scripted(content=fence.format(GOOD), metadata=META))
    assert written(desk).body["markdown"] == GOOD


def test_blocks_of_code_at_both_ends_of_an_article_stay() -> None:
    text = "```\na = 1\n```\n\nText between.\n\n```\nb = 2\n```"
    assert gate.bare(text) == text


@pytest.mark.parametrize("language", ["vi", "en", "ja", "th", "ar", "de", "zh-TW"])
@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_the_offline_writers_articles_pass_in_every_language(language: str, length: str) -> None:
    desk = Desk()
    written(desk, language=language, length=length)
    assert purposes(desk) == ["content", "metadata"]


@pytest.mark.parametrize("keyword", ["🚀🚀", "What is <div>?", "[insert name]", "C++ & Rust*", "x" * 200, "国" * 200])
@pytest.mark.parametrize("length", ["short", "long"])
def test_local_mode_writes_about_any_keyword(keyword: str, length: str) -> None:
    desk = Desk()
    articles.write(desk.work(planned([keyword], {"length": length})))
    assert purposes(desk)[0] == "content"


def metadata_of(settings: dict[str, Any], line: Any = "học forex", **texts: str) -> dict[str, Any]:
    given = {"title": "T", "metaTitle": "T", "metaDescription": "D"} | texts
    language = settings.get("language", "vi")
    stored = {"markdown": GOOD, "sources": [], "faults": []}
    desk = Desk(Scripted(metadata=json.dumps(given)))
    desk.steps["content"] = StoredStep(stored, Usage(calls=1), "openai")
    return dict(articles.write(desk.work(planned([line], {**settings, "language": language}))).fields)


@pytest.mark.parametrize(
    ("language", "title"),
    [("ja", "A calm guide to home gardening"), ("vi", "Руководство по торговле"), ("ru", "外汇交易的基础知识和方法")],
)
def test_a_title_in_another_script_gets_another_try(language: str, title: str) -> None:
    with pytest.raises(Transient) as failed:
        metadata_of({"language": language}, title=title)
    assert failed.value.reason == "quality_wrong_language"


@pytest.mark.parametrize(
    ("language", "line", "title"),
    [
        ("ja", "iPhone 17 Pro vs Galaxy S26", "iPhone 17 Pro vs Galaxy S26"),
        ("ja", "GitHub Actions", "GitHub Actions入門"),
        ("zh", "SEO", "SEO"),
        ("vi", "học forex", "Forex Trading for Beginners"),
        ("ja", {"keyword": "園芸", "title": "A calm guide to home gardening"}, "Another English title here"),
    ],
)
def test_a_title_of_names_or_one_that_was_given_passes(language: str, line: Any, title: str) -> None:
    assert metadata_of({"language": language}, line, title=title)["title"]


def test_the_usual_need_is_less_than_the_most_and_covers_what_is_used() -> None:
    for length in ("short", "medium", "long"):
        for model in ("gpt-6-luna", "gpt-6.2-sol"):
            plan = planned(["học forex"], {"length": length, "model": model, "outlineOption": "ai-outline"})
            work = Desk().work(plan)
            articles.write(work)
            usual = articles.usual(plan.inputs[0], plan.settings, 0, MODELS)
            most = articles.ceiling(plan.inputs[0], plan.settings, 0, MODELS)
            assert work.usage.tokens < usual.tokens < most.tokens / 3
            assert work.usage.cost < usual.cost < most.cost
            assert usual.articles == 1


@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_the_longest_repair_is_longer_than_any(length: str) -> None:
    plan = planned(["国" * 200], {"length": length})
    faults = [Fault(code="too_long", message="国" * 500, remedy="国" * 500)] * 12
    line, settings = plan.inputs[0], plan.settings
    longest, most = prompts.longest_repair(line, settings), prompts.OUTPUT[length]
    for text in ("国" * (most // 3), "a\n" * (most // 2), "🚀" * (most // 4), "short"):
        assert prompts.repair_prompt(line, settings, text, faults).most_input <= longest.most_input
    beyond = prompts.repair_prompt(line, settings, "国" * 200_000, faults)
    assert beyond.most_input - longest.most_input <= prompts.REPAIR_CUT[length] - most, "it is cut, all the same"
