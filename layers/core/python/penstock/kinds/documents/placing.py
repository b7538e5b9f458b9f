"""Where pictures stand in an article's Markdown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from penstock.kinds.documents import html

_SPECIAL = re.compile(r"([\\\[\]*_`<>&])")
_LEADS_ON = (":", "：")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Heading:
    """A heading of level two, as text. `line` is the line of the Markdown, from 0, before which a picture of its
    section reads well."""

    text: str
    line: int


def headings(markdown: str) -> list[Heading]:
    """Those of level two that stand by themselves: none in a quotation or a list."""
    outer = _outer(markdown)
    return [
        Heading(_text(outer[place + 1]), _line(outer, place))
        for place, token in enumerate(outer)
        if token.type == "heading_open" and token.tag == "h2"
    ]


def beginning(markdown: str) -> Heading:
    """The place of a text without headings: after its first paragraph."""
    ends = (_end(token) for token in _outer(markdown) if token.type == "paragraph_open")
    return Heading("", next(ends, 0))


def _outer(markdown: str) -> Sequence[Token]:
    """What stands in no other block, and all running text."""
    return [token for token in html.tokens(markdown) if token.level == 0 or token.type == "inline"]


def _line(outer: Sequence[Token], place: int) -> int:
    """After the section's first paragraph; right below the heading where there is none, or where it leads on to a
    list."""
    heading, following = outer[place], outer[place + 3 : place + 5]
    if len(following) == 2 and following[0].type == "paragraph_open":
        words = following[1].content.rstrip(" *_")
        if not words.endswith(_LEADS_ON):
            return _end(following[0])
    return _end(heading)


def _end(token: Token) -> int:
    return token.map[1] if token.map else 0


def _text(inline: Token) -> str:
    return "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline")).strip()


def image(source: str, alt: str) -> str:
    """As Markdown."""
    return f"![{escaped(alt)}]({source})"


def escaped(text: str) -> str:
    """Text in one line that Markdown shows as it is, between brackets too."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def placed(markdown: str, images: Mapping[int, str]) -> str:
    """The Markdown with these images, each a paragraph of its own before its line."""
    lines = _LINE_END.split(markdown)
    for number in sorted(images, reverse=True):
        before, after = lines[:number], lines[number:]
        lines = [*before, *([""] if before and before[-1] else []), images[number]]
        lines += [*([""] if after and after[0] else []), *after]
    return "\n".join(lines)
