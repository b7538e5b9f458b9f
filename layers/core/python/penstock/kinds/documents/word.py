"""An article as a Word document (.docx). Importing it takes a moment: only where one is asked for."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from penstock.domain.kind import Json
from penstock.kinds.documents.markup import parsed
from penstock.kinds.documents.word_blocks import Blocks
from penstock.kinds.documents.word_text import printable

LONGEST_PROPERTY = 255
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


def document(article: Json, content: str, pictures: Mapping[str, bytes]) -> bytes:
    """`article` is its record, `content` its sanitised HTML, `pictures` the images' bytes by the address that the text
    has for each. The address of any other image is shown as a link."""
    made = Document()
    _describe(made, article)
    _speak(made, article["language"])
    made.add_heading(printable(article["title"]), 1)
    Blocks(made, pictures).write(parsed(content))
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _describe(made: WordDocument, article: Json) -> None:
    """The template's own properties say who made the template."""
    properties = made.core_properties
    properties.title = _property(article["title"])
    properties.keywords = _property(article["keyword"])
    properties.subject = _property(article.get("meta_description", ""))
    properties.language = article["language"]
    properties.author = properties.comments = ""
    properties.created = datetime.fromtimestamp(article["created_at"] / 1000, UTC)
    properties.modified = datetime.fromtimestamp(article["updated_at"] / 1000, UTC)


def _property(text: str) -> str:
    return printable(text)[:LONGEST_PROPERTY]


def _speak(made: WordDocument, language: str) -> None:
    """For hyphens and the spelling checker; and which way the lines run."""
    for each in made.styles.element.xpath("//w:lang"):
        for script in ("w:val", "w:eastAsia", "w:bidi"):
            each.set(qn(script), language)
    if language.partition("-")[0] in _RIGHT_TO_LEFT:
        made.styles["Normal"].element.get_or_add_pPr().append(OxmlElement("w:bidi"))
