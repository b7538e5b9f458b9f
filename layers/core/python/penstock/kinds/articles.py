"""Articles by keyword: every line is a keyword, every item becomes an article draft."""

from collections.abc import Iterable, Iterator
from typing import Any

from penstock.domain.errors import Transient
from penstock.domain.kind import Json, Kind, Plan, Planning, Product
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import Prompt
from penstock.domain.quota import Needs
from penstock.domain.work import Work
from penstock.kinds.documents import html, languages, slugs, sources
from penstock.kinds.documents.text import count_words, many_lines, one_line, shorten
from penstock.kinds.intake import models, websites
from penstock.kinds.intake.faults import Faults
from penstock.kinds.intake.keywords import LONGEST_TITLE, Line, Request, Settings
from penstock.kinds.intake.lists import Limits, distinct
from penstock.kinds.writing import gate, pictures, prompts
from penstock.kinds.writing.asking import answer, answered
from penstock.kinds.writing.prompts import OUTLINE_CUT, OUTPUT

KEYWORDS, MANY = Limits("keyword", most=10_000, longest=200), 10
LONGEST_META_TITLE, LONGEST_META_DESCRIPTION = 60, 160
WIDEST = "\U0010ffff"  # of all characters, in bytes
# A ceiling counts every byte of a prompt as a token, and every answer at its limit; texts come to less than a quarter.
USUAL_SHARE = 4


def plan(request: Request, planning: Planning) -> Plan:
    """One input per distinct keyword, in the order given. Raises Invalid for all faults together."""
    faults, asked, offered = Faults(), request.settings, planning.models
    entries = distinct((line.keyword for line in request.keywords), "keywords", KEYWORDS, faults)
    inputs = tuple(_input(place, keyword, request.keywords[place], faults) for place, keyword in entries.kept)
    chosen = faults.check("settings.model", lambda: models.choose(asked.model, offered, OUTPUT[asked.length]))
    painter = faults.check("settings.imageModel", lambda: models.choose_image(asked.image_model, offered, chosen))
    settings = _settings(asked, all("outline" in line for line in inputs), faults)
    settings |= _about_websites(asked, websites.gather(_websites(request), planning, faults), settings)
    name = faults.check("name", lambda: one_line(request.name or ""))
    model = faults.none_with(chosen)
    settings["imageModel"] = painter.id if painter and asked.auto_insert_images else None
    settings["_search"] = asked.use_google_search and "search" in model.features
    warnings = (*models.notes(asked.model, model, offered), *_warnings(request, model, painter, offered))
    return Plan(
        inputs=inputs,
        settings={"model": model.id, **settings},
        name=name or shorten(", ".join(line["keyword"] for line in inputs[:MANY]), 120),
        model=model.id,
        warnings=(*entries.warnings, *warnings),
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


def _about_websites(asked: Settings, found: dict[str, Json], settings: Json) -> dict[str, Any]:
    """What the request says of the language goes before what a website says."""
    own = {} if "language" in asked.model_fields_set else websites.spoken(found)
    language = own.get(asked.website_id or "") or settings["language"]
    return {"language": language, "_websites": found, "_languages": own}


def _warnings(request: Request, model: Model, painter: Model | None, offered: Catalogue) -> Iterator[str]:
    if len(request.keywords) > MANY:
        yield f"{len(request.keywords):,} keywords: more than {MANY} take a while, they are written one after another"
    if request.settings.auto_insert_images and painter is None:
        yield "autoInsertImages: no image provider is set up, the articles will have no images"
    if request.settings.auto_insert_images and painter:
        yield from models.image_notes(request.settings.image_model, painter, offered)
    if request.settings.use_google_search and "search" not in model.features:
        yield f"useGoogleSearch: {model.id} cannot search, the articles are written without a search"
    elif request.settings.use_google_search and offered.answered_by(model) == "offline":
        yield "useGoogleSearch: the offline writer does not search, the articles will have no sources"


def write(work: Work) -> Product:
    """The draft of one article: outline (where a model is to make one), content, metadata, pictures, slug."""
    line, settings = work.input, work.settings
    outline = _given_outline(line, settings)
    if outline is None and settings["outlineOption"] == "ai-outline":
        asked = prompts.outline_prompt(line, settings)
        outline = work.step("outline", lambda: answer(work, asked).text[:OUTLINE_CUT])
    content = _stored(work.step("content", lambda: _content(work, outline)))
    written = gate.passed(work, content)
    metadata = work.step("metadata", lambda: _metadata(work, written))
    shown = pictures.illustrated(work, written)
    title, language = line.get("title") or metadata["title"], prompts.language(line, settings)
    fields = {
        **metadata,
        "title": title,
        "slug": slugs.slug(title, line["keyword"]),
        "keyword": line["keyword"],
        "model": settings["model"],
        "language": language,
        "status": "draft",
        "website_id": line.get("websiteId") or settings["websiteId"],
        "word_count": count_words(written),
        "images": [{name: image[name] for name in ("name", "alt", "heading")} for image in shown.images],
        "sources": content["sources"],
        "notes": shown.notes,
    }
    markdown = "\n\n".join(part for part in (shown.markdown, sources.as_markdown(content["sources"], language)) if part)
    body = {"content": html.to_html(markdown), "markdown": markdown, "outline": outline, "images": shown.images}
    return Product("ARTICLE", fields, body, id=line.get("replaces"))


def _given_outline(line: Json, settings: Json) -> str | None:
    given: str | None = line.get("outline") or settings["customOutline"]
    return given


def _content(work: Work, outline: str | None) -> dict[str, Any]:
    """The value of the step."""
    completion = answer(work, prompts.content_prompt(work.input, work.settings, outline))
    markdown = gate.bare(completion.text)
    if not count_words(markdown):
        raise Transient("The model's article has no words.", code="empty_answer")
    found = sources.kept(completion.sources)
    return {"markdown": markdown, "sources": found, "faults": gate.verdict(work, markdown)}


def _stored(content: Any) -> dict[str, Any]:
    """Steps that were stored before models could search are the text alone."""
    return {"markdown": content, "sources": []} if isinstance(content, str) else content


def _metadata(work: Work, markdown: str) -> dict[str, str]:
    metadata = answered(work, prompts.metadata_prompt(work.input, work.settings, markdown), prompts.Metadata)
    title = shorten(metadata.title, LONGEST_TITLE) or work.input["keyword"]
    made = {
        "title": title,
        "meta_title": shorten(metadata.meta_title or title, LONGEST_META_TITLE),
        "meta_description": shorten(metadata.meta_description, LONGEST_META_DESCRIPTION),
    }
    return gate.checked(work, made)


def ceiling(line: Json, settings: Json, _stage: int, catalogue: Catalogue) -> Needs:
    """One article, and the most its calls can use: answers that go into later prompts are taken at their longest."""
    calls = [*_usual_calls(line, settings), prompts.longest_repair(line, settings)]
    return _texts(calls, settings, catalogue) + _images(line, settings, catalogue)


def usual(line: Json, settings: Json, _stage: int, catalogue: Catalogue) -> Needs:
    """Few articles need a repair, and texts are far from their longest; pictures cost what they cost."""
    texts = _texts(_usual_calls(line, settings), settings, catalogue)
    return Needs(texts.tokens // USUAL_SHARE, 1, texts.cost // USUAL_SHARE) + _images(line, settings, catalogue)


def _usual_calls(line: Json, settings: Json) -> Iterator[Prompt]:
    outline, excerpt = _given_outline(line, settings), WIDEST * prompts.EXCERPT_CUT
    if outline is None and settings["outlineOption"] == "ai-outline":
        yield prompts.outline_prompt(line, settings)
        outline = WIDEST * OUTLINE_CUT
    yield prompts.content_prompt(line, settings, outline)
    yield prompts.metadata_prompt(line, settings, excerpt)
    if images := pictures.wished(settings):
        yield prompts.pictures_prompt(line, settings, excerpt, [WIDEST * prompts.HEADINGS_CUT], images)


def _texts(calls: Iterable[Prompt], settings: Json, catalogue: Catalogue) -> Needs:
    model = catalogue.find(settings["model"])
    most = [call.most(model) for call in calls] if model else []
    return Needs(sum(usage.tokens for usage in most), articles=1, cost=sum(usage.cost for usage in most))


def _images(line: Json, settings: Json, catalogue: Catalogue) -> Needs:
    painter = catalogue.find(settings.get("imageModel") or "")
    if painter is None:
        return Needs()
    each = prompts.image_prompt(line, settings, pictures.MOST, WIDEST * prompts.DESCRIPTION_CUT).most(painter)
    number = pictures.wished(settings)
    return Needs(each.tokens * number, cost=each.cost * number)


KIND = Kind("batch_keywords", "keyword", Request, plan, stages=(write,), ceiling=ceiling, usual=usual)
