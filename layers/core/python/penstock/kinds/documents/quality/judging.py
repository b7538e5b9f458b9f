"""The gate: all that is wrong with a text."""

from collections.abc import Iterator

from penstock.kinds.documents.quality import endings, language, length, markup, repeats, wording
from penstock.kinds.documents.quality.blocks import Parsed, parsed
from penstock.kinds.documents.quality.counting import words
from penstock.kinds.documents.quality.faults import Fault, Wishes

LONGEST = {"title": 200, "meta title": 60, "meta description": 160}


def judge(markdown: str, wishes: Wishes) -> tuple[Fault, ...]:
    """The faults of an article in Markdown (HTML in it is Markdown, too), the gravest first; none if it is good."""
    text = parsed(markdown)
    if not any(words(block.text).most for block in text.prose):
        return (Fault(code="empty", message="It has no text.", remedy="Write the article that was asked for."),)
    return tuple(_faults(text, wishes))


def _faults(text: Parsed, wishes: Wishes) -> Iterator[Fault]:
    found = (
        language.fault(text.prose, wishes.language) if wishes.language else None,
        endings.fault(text),
        length.fault(text.blocks, wishes),
        markup.tags_fault(text),
        markup.headings_fault(text),
        repeats.fault(text.blocks, wishes.given),
        wording.remarks_fault(text.blocks),
        wording.placeholder_fault(text.blocks, wishes.given),
    )
    return (fault for fault in found if fault)


def judge_metadata(title: str, meta_title: str, meta_description: str, wishes: Wishes) -> tuple[Fault, ...]:
    """The faults of what search engines and lists show. Of the language only the script is looked at: a title may be
    all names."""
    shown = {"title": title, "meta title": meta_title, "meta description": meta_description}
    faults = [_too_long(name, text) for name, text in shown.items() if len(text) > LONGEST[name]]
    if not title.strip():
        faults.append(Fault(code="empty", message="It has no title.", remedy="Give it a title."))
    wrong = language.title_fault(title, wishes.language, wishes.given) if wishes.language else None
    return (*faults, wrong) if wrong else tuple(faults)


def _too_long(name: str, text: str) -> Fault:
    return Fault(
        code="limit",
        message=f"The {name} has {len(text)} characters; {LONGEST[name]} is the most.",
        remedy=f"Give a {name} of at most {LONGEST[name]} characters.",
    )
