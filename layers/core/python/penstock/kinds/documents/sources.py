"""The pages that a model read for a text, as its readers see them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from penstock.domain.prompts import Source
from penstock.kinds.documents.placing import escaped
from penstock.kinds.documents.text import shorten

MOST, LONGEST_TITLE, LONGEST_URL = 20, 200, 2_000
# What stays as it is in an address: all that RFC 3986 allows in one, and what is escaped already.
_PLAIN = "%:/?#[]@!$&'*+,;=~"


def kept(found: Iterable[Source]) -> list[dict[str, str]]:
    """`{url, title}` of the first 20, each page once, web pages only."""
    pages: dict[str, str] = {}
    for source in found:
        url = quote(source.url.strip(), safe=_PLAIN)
        if _is_web(url) and len(url) <= LONGEST_URL:
            pages.setdefault(url, shorten(source.title, LONGEST_TITLE) or urlsplit(url).netloc)
    return [{"url": url, "title": title} for url, title in pages.items()][:MOST]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def as_markdown(pages: Sequence[Mapping[str, str]], language: str) -> str:
    """A section of links, headed in the article's language; empty where there are none."""
    if not pages:
        return ""
    links = "\n".join(f"- [{escaped(page['title'])}](<{page['url']}>)" for page in pages)
    return f"## {heading(language)}\n\n{links}"


def heading(language: str) -> str:
    """`Sources` in the language of the tag; in English where it is not known here."""
    names = _headings()
    return names.get(language) or names.get(language.partition("-")[0]) or names["en"]


@cache
def _headings() -> Mapping[str, str]:
    names: Mapping[str, str] = json.loads(Path(__file__).with_name("sources.json").read_text("utf-8"))
    return names
