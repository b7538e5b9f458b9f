"""The running text of a Word document: letters, links and images."""

import io
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Inches, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from penstock.kinds.documents.markup import Node

log = logging.getLogger(__name__)

CODE_FONT = "Courier New"
LINK_COLOUR = RGBColor(0x05, 0x63, 0xC1)
WIDEST = Inches(6)  # of the text, between the margins
_UNPRINTABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = re.compile(r"[ \t\r\n]+")


def printable(text: str) -> str:
    """Without what XML cannot say."""
    return _UNPRINTABLE.sub("", text)


@dataclass(frozen=True)
class Look:
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    subscript: bool = False
    superscript: bool = False
    link: str = ""


_OF_FONTS = ("bold", "italic", "strike", "subscript", "superscript")
_LOOKS = {"strong": "bold", "em": "italic", "s": "strike", "code": "code", "sub": "subscript", "sup": "superscript"}


class Text:
    """Fills one paragraph."""

    def __init__(self, paragraph: Paragraph, pictures: Mapping[str, bytes], look: Look | None = None) -> None:
        self._paragraph, self._pictures = paragraph, pictures
        self._look = look or Look()
        self._after_space = True  # a paragraph begins with a letter

    def write(self, *content: Node | str) -> None:
        for each in content:
            if isinstance(each, str):
                self._letters(each)
            else:
                self._element(each)

    def _element(self, node: Node) -> None:
        if node.tag == "br":
            self._paragraph.add_run().add_break()
            self._after_space = True
        elif node.tag == "img":
            self._image(node)
        else:
            outer = self._look
            self._look = self._changed(node)
            self.write(*node.children)
            self._look = outer

    def _changed(self, node: Node) -> Look:
        if node.tag == "a" and urlsplit(node.attributes.get("href", "")).scheme:
            return replace(self._look, link=node.attributes["href"])
        more: Any = {_LOOKS[node.tag]: True} if node.tag in _LOOKS else {}
        return replace(self._look, **more)

    def _letters(self, text: str) -> None:
        """White space as a browser shows it."""
        shown = _SPACE.sub(" ", printable(text))
        if self._after_space:
            shown = shown.lstrip(" ")
        if shown:
            self._after_space = shown.endswith(" ")
            self._run(shown)

    def _run(self, text: str) -> None:
        run, look = self._paragraph.add_run(text), self._look
        for name in _OF_FONTS:
            if getattr(look, name):  # a style's own look stays, else
                setattr(run.font, name, True)
        if look.code:
            run.font.name = CODE_FONT
        if look.link:
            run.font.underline, run.font.color.rgb = True, LINK_COLOUR
            self._link(run)

    def _link(self, run: Run) -> None:
        """python-docx reads hyperlinks, and has nothing that makes one."""
        hyperlink = OxmlElement("w:hyperlink")
        target = self._paragraph.part.relate_to(self._look.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        hyperlink.set(qn("r:id"), target)
        run.element.addprevious(hyperlink)
        hyperlink.append(run.element)

    def _image(self, node: Node) -> None:
        address, alt = node.attributes.get("src", ""), printable(node.attributes.get("alt", ""))
        if address in self._pictures and self._picture(self._pictures[address], alt):
            self._after_space = False
            return
        outer = self._look
        self._look = replace(outer, italic=True, link=address if urlsplit(address).scheme else outer.link)
        self._letters(alt or address)
        self._look = outer

    def _picture(self, data: bytes, alt: str) -> bool:
        """Whether it is one that Word can show."""
        run = self._paragraph.add_run()
        try:
            shape = run.add_picture(io.BytesIO(data))
        except Exception:  # of a file that is broken, the library raises whatever comes
            log.warning("an image cannot be shown in a Word document", exc_info=True)
            return False
        if shape.width > WIDEST:
            shape.width, shape.height = WIDEST, Emu(int(shape.height * WIDEST / shape.width))
        inline: Any = shape._inline  # noqa: SLF001 - there is no public way to the alternative text
        inline.docPr.set("descr", alt)
        return True
