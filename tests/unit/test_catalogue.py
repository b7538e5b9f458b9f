"""The catalogue of models, as of a day."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from penstock.domain.models import Catalogue
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
    for model in models:
        assert 0 < model.cached_price <= model.input_price <= model.output_price, model.id
        assert model.output_limit <= model.context_limit


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
