"""HTML that is safe to show, from Markdown that a model wrote."""

import re
from collections.abc import Callable, Sequence
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "s", "sub", "sup", "blockquote", "code", "pre",
    "ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_REL = "noopener noreferrer"
_LEVELS = {"h1": "h2", "h5": "h4", "h6": "h4"}
_ADDRESSES = {("img", "src"), ("a", "href")}
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+[^\n]*\n*")


def without_title(markdown: str) -> str:
    """Without the level-one heading that models like to begin with: the title is a field of its own."""
    return _FIRST_HEADING.sub("", markdown, count=1)


def to_html(markdown: str) -> str:
    """Headings become h2 to h4. Only the allowed tags and attributes remain: no script, style, event handler, no link
    or image other than http, https, mailto or relative; links get `rel="noopener noreferrer"`."""
    # The parser passes raw HTML on: the sanitiser decides what is harmless (a <br> in a table cell is).
    parser = _parser()
    return clean(parser.renderer.render(tokens(markdown), parser.options, {}))


def tokens(markdown: str) -> Sequence[Token]:
    """As Markdown's parser sees it, headings at the levels that they will have."""
    found = _parser().parse(markdown)
    for token in found:
        token.tag = _LEVELS.get(token.tag, token.tag)
    return found


def clean(markup: str, address: Callable[[str], str | None] | None = None) -> str:
    """The same of HTML that somebody else wrote, such as an edit in a browser. `address` gives what takes the place of
    the address of an image or a link, None for nothing."""
    return (_cleaner() if address is None else _rewriting(address)).clean(markup).strip()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL)


def _rewriting(address: Callable[[str], str | None]) -> nh3.Cleaner:
    def rewritten(tag: str, attribute: str, value: str) -> str | None:
        return address(value) if (tag, attribute) in _ADDRESSES else value

    return nh3.Cleaner(
        tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL, attribute_filter=rewritten
    )
