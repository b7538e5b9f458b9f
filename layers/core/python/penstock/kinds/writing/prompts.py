"""The prompts of an article: the wording of `prompts/articles/*.md`, filled with what is wished."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from penstock.domain.kind import Json
from penstock.domain.prompts import ImagePrompt, Prompt
from penstock.kinds.documents import languages
from penstock.kinds.documents.quality import Fault
from penstock.kinds.intake import websites
from penstock.kinds.prompts import render

WORDS = {"short": (500, 800), "medium": (1_000, 1_500), "long": (2_000, 3_000)}
SECTIONS = {"short": 4, "medium": 6, "long": 9}
# In tokens. A language may need several tokens a word, and some models think within the same limit.
OUTPUT = {"short": 4_000, "medium": 8_000, "long": 16_000}
OUTLINE_OUTPUT, METADATA_OUTPUT, PICTURES_OUTPUT = 3_000, 2_000, 4_000
# Answers go into later prompts up to here, in characters, so that a ceiling can be named before there is an answer.
OUTLINE_CUT, EXCERPT_CUT, HEADINGS_CUT, DESCRIPTION_CUT = 2_000, 800, 1_500, 1_000
# The same of an article that is repaired, in bytes: whole even where a word takes sixteen.
REPAIR_CUT, FAULTS_CUT = {"short": 12_800, "medium": 24_000, "long": 48_000}, 2_000


class Metadata(BaseModel):
    title: str
    meta_title: str = Field(alias="metaTitle")
    meta_description: str = Field(alias="metaDescription")


class Wanted(BaseModel):
    """A picture: `heading` counts the article's headings of level two from 1."""

    heading: int
    description: str
    alt: str


class Pictures(BaseModel):
    pictures: list[Wanted]


def outline_prompt(line: Json, settings: Json) -> Prompt:
    return _prompt("outline", OUTLINE_OUTPUT, facts(line, settings))


def content_prompt(line: Json, settings: Json, outline: str | None) -> Prompt:
    wished = {**facts(line, settings), "outline": outline or ""}
    asked = _prompt("content", OUTPUT[settings["length"]], wished)
    return asked.model_copy(update={"search": settings.get("_search", False)})


def repair_prompt(line: Json, settings: Json, markdown: str, faults: Sequence[Fault]) -> Prompt:
    """For the whole text once more, without its faults."""
    listed = "\n".join(f"- {fault.message} {fault.remedy}" for fault in faults)
    shown, length = _cut(markdown, REPAIR_CUT[settings["length"]]), settings["length"]
    return _prompt("repair", OUTPUT[length], facts(line, settings), text=shown, faults=_cut(listed, FAULTS_CUT))


def longest_repair(line: Json, settings: Json) -> Prompt:
    """What `repair_prompt` can come to at most. The same model wrote the text: it was OUTPUT tokens then, at most, and
    bytes would say four times as many."""
    most = OUTPUT[settings["length"]]
    return _prompt("repair", most, facts(line, settings), text="x" * most, faults="x" * FAULTS_CUT)


def metadata_prompt(line: Json, settings: Json, markdown: str) -> Prompt:
    return _prompt("metadata", METADATA_OUTPUT, facts(line, settings), Metadata, excerpt=markdown[:EXCERPT_CUT])


def pictures_prompt(line: Json, settings: Json, markdown: str, headings: Sequence[str], most: int) -> Prompt:
    """For at most `most` pictures, each of one of the `headings`."""
    numbered = "\n".join(f"{number}. {heading}" for number, heading in enumerate(headings, 1))
    material = {"excerpt": markdown[:EXCERPT_CUT], "headings": numbered[:HEADINGS_CUT]}
    wished = {**facts(line, settings), "pictures": most}
    return _prompt("pictures", PICTURES_OUTPUT, wished, Pictures, **material)


def image_prompt(line: Json, settings: Json, number: int, description: str) -> ImagePrompt:
    wished = {"keyword": line["keyword"], "language": language(line, settings), "number": number}
    text = render("articles", "picture", description=description[:DESCRIPTION_CUT], keyword=line["keyword"])
    return ImagePrompt(purpose=f"image-{number}", description=text, facts=wished)


def language(line: Json, settings: Json) -> str:
    """The request's or, where it named none, that of the line's website."""
    own: Mapping[str, str] = settings.get("_languages", {})
    return own.get(_website(line, settings) or "") or str(settings["language"])


def _website(line: Json, settings: Json) -> str | None:
    website: str | None = line.get("websiteId") or settings["websiteId"]
    return website


def facts(line: Json, settings: Json) -> dict[str, Any]:
    """All that is wished of this article, as data."""
    length, tag = settings["length"], language(line, settings)
    return {
        "keyword": line["keyword"],
        "title": line.get("title", ""),
        "language": tag,
        "languageName": languages.name(tag),
        "tone": settings["tone"],
        "length": length,
        "fewest": WORDS[length][0],
        "most": WORDS[length][1],
        "sections": SECTIONS[length],
        "website": settings.get("_websites", {}).get(_website(line, settings), {}),
    }


def _cut(text: str, most: int) -> str:
    """The first `most` bytes of it."""
    return text.encode()[:most].decode(errors="ignore")


def _prompt(purpose: str, most: int, wished: Json, schema: type[BaseModel] | None = None, **material: str) -> Prompt:
    parts = {name: _part(name, wished.get(name)) for name in ("title", "outline", "website")}
    tone = render("articles", f"tone-{wished['tone']}")
    user = render("articles", purpose, **{**wished, **parts, "tone": tone, **material})
    system = render("articles", "system")
    return Prompt(purpose=purpose, system=system, user=user, max_output=most, schema_=schema, facts=wished)


def _part(name: str, value: Any) -> str:
    shown = websites.as_text(value) if isinstance(value, Mapping) else value
    return render("articles", f"with-{name}", **{name: shown}) if value else ""
