"""What an article has of the website that it is for."""

from typing import Any

import pytest

from penstock.domain.kind import Plan, Planning
from penstock.kinds import articles
from penstock.kinds.intake.keywords import Request
from tests.desk import MODELS, Desk

WEBSITES: dict[str, dict[str, Any]] = {
    "berlin": {
        "name": "Berliner Sparkurs",
        "url": "https://spar.example",
        "language": "DE",
        "audience": "savers aged thirty",
        "tone": "down to earth",
        "internalLinks": ["https://spar.example/haushalt", "https://spar.example/etf"],
    },
    "plain": {"name": "Plain", "url": "https://plain.example"},
    "odd": {"name": "Odd", "url": "https://odd.example", "language": "English, please"},
}


def plan(lines: list[Any], **settings: Any) -> Plan:
    body = {"keywords": lines, "settings": settings}
    return articles.plan(Request.model_validate(body), Planning(MODELS, WEBSITES.get))


def test_tone_audience_and_links_reach_the_prompts() -> None:
    desk = Desk()
    articles.write(desk.work(plan(["sparen"], websiteId="berlin", outlineOption="ai-outline")))
    prompts = {prompt.purpose: prompt.user for _, prompt in desk.asked}
    wanted = (
        "name: Berliner Sparkurs",
        "url: https://spar.example",
        "audience: savers aged thirty",
        "tone: down to earth",
        "internalLinks: https://spar.example/haushalt, https://spar.example/etf",
    )
    for purpose in ("outline", "content", "metadata"):
        assert [words for words in wanted if words not in prompts[purpose]] == [], purpose
        assert "language: DE" not in prompts[purpose], "the request may have asked for another"


def test_the_websites_language_is_written_where_the_request_names_none() -> None:
    made = plan(["sparen"], websiteId="berlin")
    assert made.settings["language"] == "de"
    desk = Desk()
    assert articles.write(desk.work(made)).fields["language"] == "de"
    assert all("German" in prompt.user for _, prompt in desk.asked)


def test_the_requests_language_goes_before_the_websites() -> None:
    made = plan(["sparen"], websiteId="berlin", language="vi")
    assert made.settings["language"] == "vi"
    assert articles.write(Desk().work(made)).fields["language"] == "vi"


@pytest.mark.parametrize("website", ["plain", "odd", None])
def test_without_a_language_that_can_be_written_in_it_is_vietnamese(website: str | None) -> None:
    made = plan(["sparen"], websiteId=website)
    assert articles.write(Desk().work(made)).fields["language"] == "vi"


def test_each_line_speaks_the_language_of_its_own_website() -> None:
    made = plan([{"keyword": "a", "websiteId": "berlin"}, "b", {"keyword": "c", "websiteId": "plain"}])
    assert made.settings["language"] == "vi"
    written = [articles.write(Desk().work(made, index)).fields["language"] for index in range(3)]
    assert written == ["de", "vi", "vi"]
