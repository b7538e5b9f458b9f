"""A Markdown text as the reader gets it: its blocks, its plain prose, and tags that do not match."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from penstock.kinds.documents import html

Kind = Literal["heading", "paragraph", "item", "cell", "quote", "code"]

# An element of a kind holds text of that kind, however deep its paragraphs lie.
_KINDS: dict[str, Kind] = {
    "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
    "p": "paragraph", "li": "item", "dt": "item", "dd": "item", "td": "cell", "th": "cell", "blockquote": "quote",
    "pre": "code",
}  # fmt: skip
_OUTERMOST = ("code", "quote", "cell", "item")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# HTML lets these stay open: the next one of their kind, or their parent's end, closes them.
_OPTIONAL = {"li", "p", "td", "th", "tr", "dt", "dd", "thead", "tbody", "tfoot"}
_UNSEEN = {"script", "style", "title", "template"}


@dataclass
class Block:
    """`text` is what is read, its lines as in the source; inline code is left out, and `whole` has it. `list` tells the
    lists of a text apart, 0 outside of any; `ends_in_link` where the last word is part of one."""

    kind: Kind
    text: str = ""
    whole: str = ""
    list: int = 0
    ends_in_link: bool = False


@dataclass
class Parsed:
    """`unmatched` are the tags that were opened and not closed, or closed and not open, as they were written."""

    markdown: str
    tokens: Sequence[Token]
    blocks: list[Block]
    unmatched: list[str] = field(default_factory=list)

    @cached_property
    def prose(self) -> list[Block]:
        return [block for block in self.blocks if block.kind != "code"]


def parsed(markdown: str) -> Parsed:
    tokens = html.tokens(markdown)
    renderer = _renderer()
    reader = _Reader()
    reader.feed(renderer.renderer.render(tokens, renderer.options, {}))
    reader.close()
    reader.finish()
    return Parsed(markdown, tokens, [block for block in reader.blocks if block.whole.strip()], reader.unmatched)


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True})


class _Reader(HTMLParser):
    """Reads HTML before it is sanitised: what Markdown made is sound, so what does not match the author wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self.unmatched: list[str] = []
        self._open: list[str] = []
        self._lists = 0
        self._list: list[int] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            if tag == "br":
                self.handle_data("\n")
            return
        self._open.append(tag)
        if tag in ("ul", "ol"):
            self._lists += 1
            self._list.append(self._lists)
        if tag in _KINDS:
            self._begin()

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if tag not in self._open:
            if tag not in _OPTIONAL:
                self.unmatched.append(f"</{tag}>")
            return
        while (last := self._open.pop()) != tag:
            self._left_open(last)
        if tag in ("ul", "ol") and self._list:
            self._list.pop()
        if tag in _KINDS:
            self._begin()

    def handle_data(self, data: str) -> None:
        if _UNSEEN.isdisjoint(self._open):
            if not self.blocks or (self.blocks[-1].kind != self._kind and data.strip()):
                self._begin()
            self.blocks[-1].whole += data
            self.blocks[-1].ends_in_link = "a" in self._open if data.strip() else self.blocks[-1].ends_in_link
            if "code" not in self._open:
                self.blocks[-1].text += data

    def finish(self) -> None:
        for tag in reversed(self._open):
            self._left_open(tag)

    def _left_open(self, tag: str) -> None:
        if tag not in _OPTIONAL:
            self.unmatched.append(f"<{tag}>")

    def _begin(self) -> None:
        self.blocks.append(Block(self._kind, list=self._list[-1] if self._list else 0))

    @property
    def _kind(self) -> Kind:
        kinds = [_KINDS[tag] for tag in self._open if tag in _KINDS]
        outer = next((kind for kind in _OUTERMOST if kind in kinds), None)
        return outer or (kinds[-1] if kinds else "paragraph")
