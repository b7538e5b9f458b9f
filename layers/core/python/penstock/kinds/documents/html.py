"""HTML that is safe to show, from Markdown that a model wrote."""

import re
from collections.abc import Sequence
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "s", "sub", "sup", "blockquote", "code", "pre",
    "ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_LEVELS = {"h1": "h2", "h5": "h4", "h6": "h4"}
_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+[^\n]*\n*")


def without_title(markdown: str) -> str:
    """Without the level-one heading that models like to begin with: the title is a field of its own."""
    return _FIRST_HEADING.sub("", markdown, count=1)


def to_html(markdown: str) -> str:
    """Headings become h2 to h4. Only the allowed tags and attributes remain: no script, style, event handler, no link
    or image other than http, https, mailto or relative; links get `rel="noopener noreferrer"`."""
    # The parser passes raw HTML on: the sanitiser decides what is harmless (a <br> in a table cell is).
    parser = _parser()
    tokens = parser.parse(markdown)
    _level_headings(tokens)
    return clean(parser.renderer.render(tokens, parser.options, {}))


def clean(markup: str) -> str:
    """The same of HTML that somebody else wrote, such as an edit in a browser."""
    return _cleaner().clean(markup).strip()


def _level_headings(tokens: Sequence[Token]) -> None:
    for token in tokens:
        token.tag = _LEVELS.get(token.tag, token.tag)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
