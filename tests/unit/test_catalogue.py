"""The catalogue of models, as of a day."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.catalogue import main
from penstock.domain.models import Catalogue
from penstock.domain.prompts import SpeechPrompt
from penstock.domain.quota import Usage
from penstock.providers.catalogue import load

TODAY = date(2026, 11, 22)
PRICES = {"input_price": 1, "cached_price": 1, "output_price": 1}


def entry(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "provider": "openai", **PRICES, "context_limit": 1000, "output_limit": 100, **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "models.json"


def write(file: Path, *entries: dict[str, Any]) -> Path:
    file.write_text(json.dumps({"models": entries}))
    return file


def test_the_default_has_no_retirement_and_every_model_a_price() -> None:
    models = load(today=TODAY)
    assert models[0].retires is None
    assert {model.provider for model in models} == {"openai", "gemini"}
    for model in Catalogue(models, offline=True).able("text"):
        assert 0 < model.cached_price <= model.input_price <= model.output_price, model.id
        assert model.output_limit <= model.context_limit
        assert min(model.search_price, model.search_tokens, model.search_reads) > 0, model.id
        assert model.cache_write_price is None or model.cache_write_price >= model.input_price


@pytest.mark.parametrize("day", [TODAY, date(2027, 6, 1), date(2040, 1, 1)])
def test_each_provider_makes_pictures_and_somebody_speaks_on_every_day(day: date) -> None:
    models = Catalogue(load(today=day), available=["openai", "gemini"])
    for provider in ("openai", "gemini"):
        painter = models.first("image", provider)
        assert painter is not None
        assert painter.provider == provider
        assert painter.image_tokens > 0 < painter.output_price
    speaker = models.first("speech")
    assert speaker is not None
    assert speaker.character_tokens > 0
    most = SpeechPrompt(purpose="s", text="a word " * 100).most(speaker)
    assert most.cost > 0
    assert most.tokens == -(-700 * speaker.character_tokens // 1000)


def test_what_a_picture_counts_for_is_about_what_it_costs() -> None:
    """100 tokens for a tenth of a cent: a picture of 1,120 tokens (1K, as Google publishes) costs 3.4 cents."""
    painter = next(model for model in load(today=TODAY) if model.id == "gemini-nano-banana-2.1")
    booked = painter.booked(Usage(input=40, output=1_120, images=1))
    assert booked.cost == pytest.approx(33_660)
    assert (booked.tokens, booked.input, booked.output) == (3_400, 0, 0)


def test_what_is_written_to_a_cache_and_what_is_searched_have_prices_of_their_own() -> None:
    model = next(model for model in load(today=TODAY) if model.id == "gpt-6-luna")
    plain = model.price(Usage(input=1_000_000))
    assert plain == 100_000
    assert model.price(Usage(input=1_000_000, written=1_000_000)) == 125_000
    assert model.price(Usage(input=1_000_000, cached=1_000_000)) == 10_000
    assert model.price(Usage(searches=3)) == 30_000
    assert model.booked(Usage(input=10, searches=3)).tokens == 3_010


@pytest.mark.parametrize("name", ["GPT-4o-mini", "gpt-4o mini", "GPT-4", "Gemini", "gemini-2.5-flash"])
@pytest.mark.parametrize("day", [TODAY, date(2027, 6, 1), date(2040, 1, 1)])
def test_the_names_clients_use_are_known_on_every_day(name: str, day: date) -> None:
    assert Catalogue(load(today=day)).find(name) is not None


def test_without_a_day_it_is_today() -> None:
    assert load()[0].id == load(today=TODAY)[0].id


def test_a_retired_model_leaves_its_names_to_its_successor(file: Path) -> None:
    write(
        file,
        entry("old", aliases=["Old One"], retires="2027-01-14", successor="middle"),
        entry("middle", retires="2027-03-01", successor="new"),
        entry("new", aliases=["New One"]),
    )
    assert [model.id for model in load(file, date(2027, 1, 13))] == ["old", "middle", "new"]
    assert [(model.id, model.aliases) for model in load(file, date(2027, 1, 14))] == [
        ("middle", ("old", "Old One")),
        ("new", ("New One",)),
    ]
    assert [(model.id, model.aliases) for model in load(file, date(2027, 3, 1))] == [
        ("new", ("New One", "old", "Old One", "middle"))
    ]


def test_later_prices_hold_from_their_day_on(file: Path) -> None:
    later = [{"from": "2027-01-01", **PRICES, "input_price": 9}, {"from": "2026-12-01", **PRICES, "input_price": 5}]
    write(file, entry("a", later=later))
    days = (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [load(file, day)[0].input_price for day in days] == [1, 5, 5, 9]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "models"),
        ([entry("a", features=["image"])], "nobody could write"),
        ([entry("a", colour="red")], "colour"),
        ([{"id": "a"}], "provider"),
        ([entry("a", retires="soon")], "retires"),
        ([entry("a", later=[{"from": "2027-01-01"}])], "input_price"),
        ([entry("a"), entry("A")], "name of both a and A"),
        ([entry("a", aliases=["b"]), entry("b")], "name of both a and b"),
        ([entry("a", retires="2026-01-01"), entry("b")], "has no successor"),
        ([entry("a", retires="2026-01-01", successor="c"), entry("b")], "has no successor"),
        (
            [
                entry("a", retires="2026-01-01", successor="b"),
                entry("b", retires="2026-01-01", successor="a"),
                entry("c"),
            ],
            "has no successor",
        ),
    ],
)
def test_a_faulty_file_is_named(file: Path, entries: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        load(write(file, *entries), TODAY)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        load(file)


def test_the_command_lists_a_files_models_or_says_what_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(file, entry("mine", retires="2099-01-01", successor="other"), entry("other"))
    assert main([str(file)]) == 0
    shown = capsys.readouterr().out
    assert "mine" in shown
    assert "until 2099-01-01" in shown
    write(file, entry("mine", colour="red"))
    assert main([str(file)]) == 1
    assert "models.0.colour" in capsys.readouterr().err
