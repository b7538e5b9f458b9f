"""An article's pictures: which there are to be, each of them made, and the Markdown with them in their places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from penstock.domain.errors import Refused
from penstock.domain.kind import Json
from penstock.domain.work import Work
from penstock.kinds.documents import placing
from penstock.kinds.documents.placing import Heading
from penstock.kinds.documents.text import shorten
from penstock.kinds.writing.asking import Unusable, answered
from penstock.kinds.writing.prompts import Pictures, Wanted, image_prompt, pictures_prompt

MOST = 10
LONGEST_ALT, LONGEST_HEADING = 200, 200
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


@dataclass
class Illustrated:
    """`images` are `{name, key, alt, heading, mediaType}` each: the Markdown shows them as `images/<name>`. `notes` say
    what was left out, and why."""

    markdown: str
    images: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def wished(settings: Json) -> int:
    """How many, at most."""
    return settings["maxImages"] if settings["autoInsertImages"] and settings.get("imageModel") else 0


def illustrated(work: Work, markdown: str) -> Illustrated:
    """A picture that a provider refuses is left out; other faults end the work, as those of a text do."""
    if not wished(work.settings):
        return Illustrated(markdown)
    headings = placing.headings(markdown) or [placing.beginning(markdown)]
    chosen = work.step("pictures", partial(_chosen, work, markdown, headings))
    result = Illustrated(markdown, notes=list(chosen["notes"]))
    shown = {}
    for number, wanted in enumerate(chosen["pictures"], 1):
        heading = headings[wanted["heading"]]
        made = work.step(f"image-{number}", partial(_made, work, number, wanted))
        if "refused" in made:
            result.notes.append(_left_out(number, heading, made["refused"]))
            continue
        image = _image(number, made["key"], wanted["alt"], heading)
        result.images.append(image)
        shown[heading.line] = placing.image(f"images/{image['name']}", image["alt"])
    result.markdown = placing.placed(markdown, shown)
    return result


def _chosen(work: Work, markdown: str, headings: Sequence[Heading]) -> dict[str, Any]:
    """The value of the step: `pictures` are `{heading, description, alt}` each, headings counted from 0. The article is
    written by now: a choice that nobody can read does not take it away."""
    most = min(wished(work.settings), len(headings))
    texts = [heading.text for heading in headings if heading.text]
    prompt = pictures_prompt(work.input, work.settings, markdown, texts, most)
    try:
        answer = answered(work, prompt, Pictures)
    except (Refused, Unusable) as fault:
        return {"pictures": [], "notes": [f"The images were left out: {fault.message}"]}
    kept = [each for each in answer.pictures if each.description.strip()][:most]
    return {"pictures": list(_spread(kept, len(headings))), "notes": []}


def _spread(wanted: Sequence[Wanted], headings: int) -> Iterator[dict[str, Any]]:
    """One for a heading: the second of the same goes to the next that has none."""
    free = list(range(headings))
    for each in wanted:
        number = min(max(each.heading, 1), headings) - 1
        place = next((heading for heading in free if heading >= number), free[0])
        free.remove(place)
        yield {"heading": place, "description": each.description.strip(), "alt": each.alt}


def _made(work: Work, number: int, wanted: Json) -> dict[str, str]:
    """The value of the step: `key`, the file's name in the bucket, or why it was `refused`."""
    prompt = image_prompt(work.input, work.settings, number, wanted["description"])
    try:
        return {"key": work.make(work.settings["imageModel"], prompt)}
    except Refused as refusal:
        return {"refused": refusal.message}


def _image(number: int, key: str, alt: str, heading: Heading) -> dict[str, str]:
    ending = PurePosixPath(key).suffix
    return {
        "name": f"{number}{ending}",
        "key": key,
        "alt": shorten(alt, LONGEST_ALT) or shorten(heading.text, LONGEST_ALT),
        "heading": shorten(heading.text, LONGEST_HEADING),
        "mediaType": _TYPES.get(ending, "application/octet-stream"),
    }


def _left_out(number: int, heading: Heading, why: str) -> str:
    section = f", for “{shorten(heading.text, LONGEST_HEADING)}”," if heading.text else ""
    return f"Image {number}{section} was left out: {why}"
