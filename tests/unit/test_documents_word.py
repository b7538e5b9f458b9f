"""Articles as Word documents, read back with the library and looked at as the ZIP of XML that they are."""

import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import docx
import pytest
from docx.document import Document
from docx.shared import Inches

from penstock.kinds.documents import word
from penstock.providers.offline import media

ARTICLE = {
    "title": "Học Forex: A & B",
    "language": "vi",
    "keyword": "forex",
    "meta_description": "What it is about.",
    "created_at": 1_795_334_400_000,
    "updated_at": 1_795_334_460_000,
}
PNG = media.picture("seed", "landscape")


def made(content: str, pictures: dict[str, bytes] | None = None, **article: Any) -> Document:
    return docx.Document(io.BytesIO(file(content, pictures, **article)))


def file(content: str, pictures: dict[str, bytes] | None = None, **article: Any) -> bytes:
    return word.document({**ARTICLE, **article}, content, pictures or {})


def styled(document: Document) -> list[tuple[str, str]]:
    return [(str(each.style and each.style.name), each.text) for each in document.paragraphs]


def xml(data: bytes, part: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return archive.read(part).decode()


def test_every_part_is_well_formed() -> None:
    with zipfile.ZipFile(io.BytesIO(file("<p>a</p>", {"images/1.png": PNG}))) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(archive.read(name))  # noqa: S314 - our own
        assert "[Content_Types].xml" in archive.namelist()


def test_title_headings_and_paragraphs() -> None:
    document = made("<p>One.</p>\n<h2>A</h2>\n<p>Two\nlines.</p><h3>B</h3><h4>C</h4>")
    assert styled(document) == [
        ("Heading 1", "Học Forex: A & B"),
        ("Normal", "One."),
        ("Heading 2", "A"),
        ("Normal", "Two lines."),
        ("Heading 3", "B"),
        ("Heading 4", "C"),
    ]


def test_the_document_says_what_it_is_about() -> None:
    properties = made("<p>a</p>").core_properties
    assert (properties.title, properties.keywords, properties.language) == ("Học Forex: A & B", "forex", "vi")
    assert properties.subject == "What it is about."
    assert (properties.author, properties.comments) == ("", "")
    assert properties.created == datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=properties.created.tzinfo)
    assert 'w:lang w:val="vi" w:eastAsia="vi"' in xml(file("<p>a</p>"), "word/styles.xml")


def test_a_language_from_right_to_left_runs_so() -> None:
    assert "<w:bidi/>" in xml(file("<p>a</p>", language="ar-EG"), "word/styles.xml")
    assert "<w:bidi/>" not in xml(file("<p>a</p>"), "word/styles.xml")


@pytest.mark.parametrize(
    ("markup", "look"),
    [
        ("<strong>x</strong>", {"bold"}),
        ("<em>x</em>", {"italic"}),
        ("<s>x</s>", {"strike"}),
        ("<sub>x</sub>", {"subscript"}),
        ("<sup>x</sup>", {"superscript"}),
        ("<strong><em>x</em></strong>", {"bold", "italic"}),
    ],
)
def test_letters_look_as_marked(markup: str, look: set[str]) -> None:
    runs = made(f"<p>a {markup} b</p>").paragraphs[1].runs
    assert [run.text for run in runs] == ["a ", "x", " b"]
    names = ("bold", "italic", "strike", "subscript", "superscript")
    assert [{name for name in names if getattr(run.font, name)} for run in runs] == [set(), look, set()]


def test_code_stands_in_a_font_of_equal_widths_and_keeps_its_lines() -> None:
    document = made("<p>a <code>b</code></p><pre><code>one\n  two &lt;3&gt;\n</code></pre>")
    assert document.paragraphs[1].runs[1].font.name == "Courier New"
    code = document.paragraphs[2]
    assert (code.text, code.runs[0].font.name) == ("one\n  two <3>", "Courier New")


def test_links_lead_where_they_did() -> None:
    document = made('<p>See <a href="https://a.example/?b=1&amp;c=2"><strong>there</strong> now</a>.</p>')
    paragraph = document.paragraphs[1]
    assert paragraph.text == "See there now."
    assert {link.url for link in paragraph.hyperlinks} == {"https://a.example/?b=1&c=2"}
    assert [run.text for link in paragraph.hyperlinks for run in link.runs] == ["there", " now"]
    assert paragraph.hyperlinks[0].runs[0].bold


def test_a_relative_link_is_text() -> None:
    paragraph = made('<p><a href="/prices">prices</a></p>').paragraphs[1]
    assert (paragraph.text, paragraph.hyperlinks) == ("prices", [])


def test_lists_nest_and_go_on_in_their_styles() -> None:
    content = "<ul><li>a<ul><li>b<ul><li>c<ul><li>d</li></ul></li></ul></li></ul></li><li><p>e</p><p>f</p></li></ul>"
    assert styled(made(content))[1:] == [
        ("List Bullet", "a"),
        ("List Bullet 2", "b"),
        ("List Bullet 3", "c"),
        ("List Bullet 3", "d"),
        ("List Bullet", "e"),
        ("List Continue", "f"),
    ]


def test_each_numbered_list_begins_where_it_says() -> None:
    far = '<ol start="99999999999"><li>d</li></ol>'
    document = made(f'<ol><li>a</li><li>b</li></ol><p>x</p><ol start="7"><li>c</li></ol>{far}')
    numbered: list[Any] = [each for each in document.paragraphs if each.style and each.style.name == "List Number"]
    assert [each.text for each in numbered] == ["a", "b", "c", "d"]
    used = [each._p.pPr.numPr.numId.val for each in numbered]
    assert used[0] == used[1]
    assert len(set(used)) == 3
    numbers: Any = document.part.numbering_part.element
    starts = [numbers.num_having_numId(each).lvlOverride_lst[0].startOverride.val for each in used]
    assert starts == [1, 1, 7, 1]


def test_quotations_and_rules() -> None:
    assert styled(made("<blockquote><p>a</p><ul><li>b</li></ul></blockquote><hr><p>c</p>"))[1:] == [
        ("Quote", "a"),
        ("List Bullet", "b"),
        ("Normal", "* * *"),
        ("Normal", "c"),
    ]


def test_tables_keep_their_cells_also_where_some_are_missing() -> None:
    (table,) = made(
        "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td></tr>"
        "<tr><td>2<br>3</td><td><em>4</em></td></tr></tbody></table>"
    ).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["A", "B"], ["1", ""], ["2\n3", "4"]]
    assert table.rows[0].cells[0].paragraphs[0].runs[0].bold
    assert made("<table></table>").tables == []


def test_pictures_are_embedded_at_the_width_of_the_text_with_their_alternative_text() -> None:
    data = file('<p><img src="images/1.png" alt="a &quot;coin&quot;"></p>', {"images/1.png": PNG})
    document = docx.Document(io.BytesIO(data))
    (shape,) = document.inline_shapes
    assert shape.width == Inches(6)
    assert abs(shape.height - Inches(4)) < 10
    assert 'descr="a &quot;coin&quot;"' in xml(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert PNG in [archive.read(name) for name in archive.namelist() if name.startswith("word/media/")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF....WEBPVP8 ",
        PNG[:20],
        b"<html>no picture</html>",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01 broken",
        PNG[:33] + b"\x00\x00\x00\x04\xff\xfe\xfd\xfc....",
        b"GIF89a",
        b"MM\x00*\x00\x00\x00\x08\x00\x01broken",
    ],
)
def test_a_picture_that_word_cannot_show_is_told_in_words(data: bytes) -> None:
    document = made('<p><img src="images/1.webp" alt="a coin"></p>', {"images/1.webp": data})
    assert len(document.inline_shapes) == 0
    assert document.paragraphs[1].text == "a coin"


def test_a_picture_from_elsewhere_is_a_link() -> None:
    paragraph = made('<p><img src="https://a.example/x.png" alt="a coin"></p>').paragraphs[1]
    assert [(link.url, link.text) for link in paragraph.hyperlinks] == [("https://a.example/x.png", "a coin")]


def test_what_xml_cannot_say_is_left_out() -> None:
    document = made("<p>a\x0c\x01b\ufffe&#x1F680;</p>", title="T\x0bitle \x1b" + "x" * 300, keyword="\x00k")
    assert document.paragraphs[0].text.startswith("Title x")
    assert document.paragraphs[1].text == "ab🚀"
    assert len(document.core_properties.title) == 255
    assert document.core_properties.keywords == "k"


def test_text_between_blocks_is_not_lost() -> None:
    assert [text for _, text in styled(made("a <strong>b</strong><p>c</p>d<h2>e</h2>"))[1:]] == ["a b", "c", "d", "e"]


def test_a_small_picture_is_not_enlarged() -> None:
    rows = zlib.compress(b"\0\xff\0\0")
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    dot = b"\x89PNG\r\n\x1a\n" + b"".join(media._chunk(*chunk) for chunk in chunks)
    (shape,) = made('<p><img src="d" alt=""></p>', {"d": dot}).inline_shapes
    assert shape.width < Inches(0.1)
