"""The facts about a user's websites that a prompt needs, so that a worker reads no records."""

from collections.abc import Mapping
from typing import Any

from penstock.domain.kind import Json, Planning
from penstock.kinds.documents import languages
from penstock.kinds.documents.text import shorten
from penstock.kinds.intake.faults import Faults

_FACTS, _LONGEST, _MOST_LINKS, _MOST_WEBSITES = ("name", "url", "language", "audience", "tone"), 300, 20, 20


def gather(ids: Mapping[str, str | None], planning: Planning, faults: Faults) -> dict[str, Json]:
    """`ids` are the websites by the field that may name one. Gives name, url, language, audience, tone, internalLinks
    by id."""
    named = {field: id_ for field, id_ in ids.items() if id_}
    if len(set(named.values())) > _MOST_WEBSITES:
        faults.add(next(iter(named)), f"one job writes for {_MOST_WEBSITES} websites at most: make several jobs")
        return {}
    records = {id_: planning.website(id_) for id_ in sorted(set(named.values()))}
    for field, id_ in named.items():
        if records[id_] is None:
            faults.add(field, f"you have no website {id_[:80]!r}: make it first, or leave the field out")
    return {id_: _facts(record) for id_, record in records.items() if record is not None}


def _facts(website: Json) -> Json:
    facts: dict[str, Any] = {fact: shorten(str(website[fact]), _LONGEST) for fact in _FACTS if website.get(fact)}
    links = [shorten(str(link), _LONGEST) for link in website.get("internalLinks") or ()]
    return facts | ({"internalLinks": links[:_MOST_LINKS]} if links else {})


def spoken(websites: Mapping[str, Json]) -> dict[str, str]:
    """The languages of those websites that name one which can be written in."""
    found = {id_: _language(facts.get("language")) for id_, facts in websites.items()}
    return {id_: language for id_, language in found.items() if language}


def _language(tag: str | None) -> str | None:
    """A website may have been given any text for it."""
    try:
        return languages.normalised(tag) if tag else None
    except ValueError:
        return None


def as_text(facts: Json) -> str:
    """One fact a line, for a prompt. The language is not among them: the request may have asked for another."""
    shown = {name: ", ".join(fact) if isinstance(fact, list | tuple) else fact for name, fact in facts.items()}
    return "\n".join(f"{name}: {fact}" for name, fact in shown.items() if name != "language")
