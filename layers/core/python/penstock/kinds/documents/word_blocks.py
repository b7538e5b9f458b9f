"""The blocks of a Word document: headings, paragraphs, lists, quotations, code, tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.text.paragraph import Paragraph

from penstock.kinds.documents.markup import Node
from penstock.kinds.documents.word_text import CODE_FONT, Look, Text, printable

DEEPEST = 3  # levels of lists that the template has styles for
LONGEST_NUMBER = 6  # digits
_HEADINGS = {"h2": 2, "h3": 3, "h4": 4}
_BLOCKS = {"p", "ul", "ol", "li", "blockquote", "pre", "table", "hr", *_HEADINGS}


class Blocks:
    def __init__(self, made: WordDocument, pictures: Mapping[str, bytes]) -> None:
        self._made, self._pictures = made, pictures

    def write(self, node: Node, style: str | None = None, depth: int = 0) -> None:
        """What is in `node`; paragraphs in `style`. `depth` is that of the list it stands in."""
        for block in _blocks(node):
            if block.tag in _HEADINGS:
                self._text(self._made.add_heading("", _HEADINGS[block.tag]), block)
            elif block.tag in ("ul", "ol"):
                self._list(block, depth + 1)
            elif block.tag == "blockquote":
                self.write(block, "Quote", depth)
            elif block.tag == "pre":
                self._code(block)
            elif block.tag == "table":
                self._table(block)
            elif block.tag == "hr":
                self._made.add_paragraph("* * *").alignment = WD_ALIGN_PARAGRAPH.CENTER
            else:
                self._text(self._made.add_paragraph(style=style), block)

    def _text(self, paragraph: Paragraph, node: Node, look: Look | None = None) -> None:
        Text(paragraph, self._pictures, look).write(*node.children)

    def _list(self, node: Node, depth: int) -> None:
        level = f" {min(depth, DEEPEST)}" if depth > 1 else ""
        numbers = _Numbers(self._made, f"List Number{level}", node.attributes.get("start", "1"))
        for item in [each for each in node.children if isinstance(each, Node)]:
            first, *others = _blocks(item) or [Node("p")]
            if first.tag != "p":
                first, others = Node("p"), [first, *others]
            style = "List Bullet" if node.tag == "ul" else "List Number"
            paragraph = self._made.add_paragraph(style=style + level)
            self._text(paragraph, first)
            if node.tag == "ol":
                numbers.count(paragraph)
            self.write(Node("li", children=[*others]), f"List Continue{level}", depth)

    def _code(self, node: Node) -> None:
        run = self._made.add_paragraph(style="No Spacing").add_run(printable(node.text).rstrip("\n"))
        run.font.name = CODE_FONT
        self._made.add_paragraph()

    def _table(self, node: Node) -> None:
        rows = [[*row.elements("th", "td")] for row in node.elements("tr")]
        columns = max((len(row) for row in rows), default=0)
        if not columns:
            return
        table = self._made.add_table(len(rows), columns, "Table Grid")
        for made, row in zip(table.rows, rows, strict=True):
            for cell, written in zip(made.cells, row, strict=False):
                self._text(cell.paragraphs[0], written, Look(bold=written.tag == "th"))
        self._made.add_paragraph()


class _Numbers:
    """A list that counts from `start`: those of one style would else count on from one list to the next."""

    def __init__(self, made: WordDocument, style: str, start: str) -> None:
        self._made, self._style, self._start = made, style, start
        self._id: int | None = None

    def count(self, paragraph: Paragraph) -> None:
        if self._id is None:
            self._id = self._new()
        element: Any = paragraph._p  # noqa: SLF001 - there is no public way to a paragraph's number
        number = element.get_or_add_pPr().get_or_add_numPr()
        number.get_or_add_ilvl().val = 0
        number.get_or_add_numId().val = self._id

    def _new(self) -> int:
        style: Any = self._made.styles[self._style].element
        numbering: Any = self._made.part.numbering_part.element
        shape = numbering.num_having_numId(style.pPr.numPr.numId.val).abstractNumId.val
        made = numbering.add_num(shape)
        start = int(self._start) if self._start.isdecimal() and len(self._start) <= LONGEST_NUMBER else 1
        made.add_lvlOverride(ilvl=0).add_startOverride(start)
        return int(made.numId)


def _blocks(node: Node) -> list[Node]:
    """The blocks of `node`; text that stands between them as paragraphs."""
    return [*_gathered(node)]


def _gathered(node: Node) -> Iterator[Node]:
    loose: list[Node | str] = []
    for child in node.children:
        if isinstance(child, Node) and child.tag in _BLOCKS:
            yield from _paragraph(loose)
            loose = []
            yield child
        else:
            loose.append(child)
    yield from _paragraph(loose)


def _paragraph(loose: list[Node | str]) -> Iterator[Node]:
    if any(isinstance(each, Node) or each.strip() for each in loose):
        yield Node("p", children=loose)
