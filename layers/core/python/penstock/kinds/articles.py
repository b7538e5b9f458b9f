"""Articles by keyword: every line is a keyword, every item becomes an article draft."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from penstock.domain.errors import Transient
from penstock.domain.kind import BatchRequest, Closed, Json, Kind, Plan, Planning, Product
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Prompt
from penstock.domain.quota import Needs
from penstock.domain.work import Work
from penstock.kinds.documents import html, languages, slugs
from penstock.kinds.documents.text import count_words, many_lines, one_line, shorten
from penstock.kinds.intake import models, websites
from penstock.kinds.intake.faults import Faults
from penstock.kinds.intake.lists import Limits, distinct, split
from penstock.kinds.prompts import render

KEYWORDS, MANY = Limits("keyword", most=10_000, longest=200), 10
LONGEST_TITLE, LONGEST_OUTLINE, LONGEST_ID = 200, 5_000, 100
LONGEST_META_TITLE, LONGEST_META_DESCRIPTION = 60, 160
WORDS = {"short": (500, 800), "medium": (1_000, 1_500), "long": (2_000, 3_000)}
SECTIONS = {"short": 4, "medium": 6, "long": 9}
# In tokens. A language may need several tokens a word, and some models think within the same limit.
OUTPUT = {"short": 4_000, "medium": 8_000, "long": 16_000}
OUTLINE_OUTPUT, METADATA_OUTPUT = 3_000, 2_000
# Answers go into later prompts up to here, in characters, so that a ceiling can be named before there is an answer.
OUTLINE_CUT, EXCERPT_CUT, WIDEST = 2_000, 800, "\U0010ffff"


class Line(Closed):
    keyword: str
    title: str | None = Field(None, max_length=LONGEST_TITLE, description="The model finds one if left out.")
    outline: str | None = Field(None, max_length=LONGEST_OUTLINE, description="Goes before outlineOption.")
    website_id: str | None = Field(None, max_length=LONGEST_ID, description="Goes before the settings' websiteId.")


class Settings(Closed):
    model: str | None = Field(None, description="Id or alias of /api/models; the first available if left out.")
    language: str = Field("vi", description="A BCP 47 tag, such as vi, en or pt-BR.")
    tone: Literal["professional", "casual", "creative"] = "professional"
    length: Literal["short", "medium", "long"] = Field("medium", description="500–800, 1,000–1,500, 2,000–3,000 words.")
    outline_option: Literal["no-outline", "ai-outline", "custom"] = "no-outline"
    custom_outline: str | None = Field(None, max_length=LONGEST_OUTLINE, description="With outlineOption custom.")
    auto_insert_images: bool = Field(default=False, strict=True)
    max_images: int = Field(5, ge=0, le=10, strict=True)
    website_id: str | None = Field(None, max_length=LONGEST_ID)
    use_google_search: bool = Field(default=False, strict=True)


def _as_line(value: Any) -> Any:
    if isinstance(value, str):
        return {"keyword": value}
    if isinstance(value, Mapping | BaseModel):
        return value
    raise ValueError("must be a text, or an object with keyword and perhaps title, outline, websiteId")


AnyLine = Annotated[Line, BeforeValidator(_as_line, json_schema_input_type=str | Line)]
Lines = Annotated[list[AnyLine], BeforeValidator(split, json_schema_input_type=str | list[str | Line])]


class Request(BatchRequest):
    job_type: Literal["batch_keywords"] = "batch_keywords"
    keywords: Lines = Field(description="Up to 10,000: a list, or one text split at line ends and commas.")
    settings: Settings = Field(default_factory=lambda: Settings.model_validate({}))


class Metadata(BaseModel):
    title: str
    meta_title: str = Field(alias="metaTitle")
    meta_description: str = Field(alias="metaDescription")


def plan(request: Request, planning: Planning) -> Plan:
    """One input per distinct keyword, in the order given. Raises Invalid for all faults together."""
    faults, asked = Faults(), request.settings
    entries = distinct((line.keyword for line in request.keywords), "keywords", KEYWORDS, faults)
    inputs = tuple(_input(place, keyword, request.keywords[place], faults) for place, keyword in entries.kept)
    chosen = faults.check("settings.model", lambda: models.choose(asked.model, planning.models, OUTPUT[asked.length]))
    settings = _settings(asked, all("outline" in line for line in inputs), faults)
    settings["_websites"] = websites.gather(_websites(request), planning, faults)
    name = faults.check("name", lambda: one_line(request.name or ""))
    model = faults.none_with(chosen)
    return Plan(
        inputs=inputs,
        settings={"model": model.id, **settings},
        name=name or shorten(", ".join(line["keyword"] for line in inputs[:MANY]), 120),
        model=model.id,
        warnings=(*entries.warnings, *models.notes(asked.model, model, planning.models), *_warnings(request)),
    )


def _input(place: int, keyword: str, line: Line, faults: Faults) -> dict[str, str]:
    fields = {"keyword": keyword}
    if title := line.title and faults.check(f"keywords[{place}].title", lambda: one_line(line.title or "")):
        fields["title"] = title
    if outline := line.outline and faults.check(f"keywords[{place}].outline", lambda: many_lines(line.outline or "")):
        fields["outline"] = outline
    if line.website_id:
        fields["websiteId"] = line.website_id
    return fields


def _settings(asked: Settings, each_has_outline: bool, faults: Faults) -> dict[str, Any]:
    settings = asked.model_dump(by_alias=True, exclude={"model"})
    settings["language"] = faults.check("settings.language", lambda: languages.normalised(asked.language))
    outline = faults.check("settings.customOutline", lambda: many_lines(asked.custom_outline or ""))
    settings["customOutline"], custom = outline or None, asked.outline_option == "custom"
    if custom and outline == "" and not each_has_outline:
        faults.add("settings.customOutline", "outlineOption custom needs it: give it, or choose another outlineOption")
    if outline and not custom:
        faults.add("settings.customOutline", "only outlineOption custom uses it: choose that, or leave it out")
    return settings


def _websites(request: Request) -> dict[str, str | None]:
    """The websites named, by the field that may name them."""
    lines = {f"keywords[{place}].websiteId": line.website_id for place, line in enumerate(request.keywords)}
    return {"settings.websiteId": request.settings.website_id, **lines}


def _warnings(request: Request) -> Iterator[str]:
    if len(request.keywords) > MANY:
        yield f"{len(request.keywords):,} keywords: more than {MANY} take a while, they are written one after another"
    if request.settings.auto_insert_images:
        yield "autoInsertImages: no image provider is set up, the articles will have no images"
    if request.settings.use_google_search:
        yield "useGoogleSearch: no search provider is set up, the articles are written without a search"


def write(work: Work) -> Product:
    """The draft of one article: outline (where a model is to make one), content, metadata, slug."""
    line, settings = work.input, work.settings
    outline = _given_outline(line, settings)
    if outline is None and settings["outlineOption"] == "ai-outline":
        outline = work.step("outline", lambda: _answer(work, outline_prompt(line, settings))[:OUTLINE_CUT])
    markdown = work.step("content", lambda: _content(work, outline))
    metadata = work.step("metadata", lambda: _metadata(work, markdown))
    title = line.get("title") or metadata["title"]
    fields = {
        **metadata,
        "title": title,
        "slug": slugs.slug(title, line["keyword"]),
        "keyword": line["keyword"],
        "model": settings["model"],
        "language": settings["language"],
        "status": "draft",
        "website_id": line.get("websiteId") or settings["websiteId"],
        "word_count": count_words(markdown),
        "images": [],
        "sources": [],
    }
    body = {"content": html.to_html(markdown), "markdown": markdown, "outline": outline}
    return Product("ARTICLE", fields, body, id=line.get("replaces"))


def _given_outline(line: Json, settings: Json) -> str | None:
    given: str | None = line.get("outline") or settings["customOutline"]
    return given


def _answer(work: Work, prompt: Prompt) -> str:
    answer = work.text(prompt).strip()
    if not answer:
        raise Transient(f"The model's answer for the {prompt.purpose} was empty.", code="empty_answer")
    return answer


def _content(work: Work, outline: str | None) -> str:
    markdown = html.without_title(_answer(work, content_prompt(work.input, work.settings, outline))).strip()
    if not count_words(markdown):
        raise Transient("The model's article has no words.", code="empty_answer")
    return markdown


def _metadata(work: Work, markdown: str) -> dict[str, str]:
    try:
        metadata = Metadata.model_validate_json(_answer(work, metadata_prompt(work.input, work.settings, markdown)))
    except ValidationError as error:
        raise Transient("The model's metadata are not the JSON that was asked for.", code="malformed_answer") from error
    title = shorten(metadata.title, LONGEST_TITLE) or work.input["keyword"]
    return {
        "title": title,
        "meta_title": shorten(metadata.meta_title or title, LONGEST_META_TITLE),
        "meta_description": shorten(metadata.meta_description, LONGEST_META_DESCRIPTION),
    }


def outline_prompt(line: Json, settings: Json) -> Prompt:
    return _prompt("outline", OUTLINE_OUTPUT, _facts(line, settings))


def content_prompt(line: Json, settings: Json, outline: str | None) -> Prompt:
    return _prompt("content", OUTPUT[settings["length"]], {**_facts(line, settings), "outline": outline or ""})


def metadata_prompt(line: Json, settings: Json, markdown: str) -> Prompt:
    return _prompt("metadata", METADATA_OUTPUT, _facts(line, settings), Metadata, markdown[:EXCERPT_CUT])


def _facts(line: Json, settings: Json) -> dict[str, Any]:
    """All that is wished of this article, as data."""
    length, language = settings["length"], settings["language"]
    return {
        "keyword": line["keyword"],
        "title": line.get("title", ""),
        "language": language,
        "languageName": languages.name(language),
        "tone": settings["tone"],
        "length": length,
        "fewest": WORDS[length][0],
        "most": WORDS[length][1],
        "sections": SECTIONS[length],
        "website": settings.get("_websites", {}).get(line.get("websiteId") or settings["websiteId"], {}),
    }


def _prompt(purpose: str, most: int, facts: Json, schema: type[BaseModel] | None = None, excerpt: str = "") -> Prompt:
    parts = {name: _part(name, facts.get(name)) for name in ("title", "outline", "website")}
    tone = render("articles", f"tone-{facts['tone']}")
    user = render("articles", purpose, **{**facts, **parts, "tone": tone, "excerpt": excerpt})
    system = render("articles", "system")
    return Prompt(purpose=purpose, system=system, user=user, max_output=most, schema_=schema, facts=facts)


def _part(name: str, value: Any) -> str:
    shown = websites.as_text(value) if isinstance(value, Mapping) else value
    return render("articles", f"with-{name}", **{name: shown}) if value else ""


def ceiling(line: Json, settings: Json, _stage: int, catalogue: Catalogue) -> Needs:
    """One article, and the most its calls can use: answers that go into later prompts are taken at their longest."""
    outline, model = _given_outline(line, settings), catalogue.find(settings["model"])
    calls = [metadata_prompt(line, settings, WIDEST * EXCERPT_CUT)]
    if outline is None and settings["outlineOption"] == "ai-outline":
        calls.append(outline_prompt(line, settings))
        outline = WIDEST * OUTLINE_CUT
    calls.append(content_prompt(line, settings, outline))
    most = [call.most(model) for call in calls] if model else []
    return Needs(sum(usage.tokens for usage in most), articles=1, cost=sum(usage.cost for usage in most))


KIND = Kind("batch_keywords", noun="keyword", request=Request, plan=plan, stages=(write,), ceiling=ceiling)
