"""Articles as files: HTML, Markdown, Word, JSON, CSV; several of them, or one with images beside it, as a ZIP."""

import csv
import io
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response

from penstock.domain.errors import NotFound, TooLarge
from penstock.engine import products
from penstock.engine.parts import Parts
from penstock.routes.article_views import WholeArticleView

# Lambda answers with 6 MB at most, and files travel as base64. What is larger is fetched from the bucket.
MOST_BYTES = 4_400_000
MOST_KEPT = 100_000_000  # what fits the function's memory, twice
MOST_AT_ONCE = 500
MOST_DOCUMENTS = 100  # a Word document takes some hundredths of a second

Format = Literal["html", "md", "docx", "json", "csv"]
Image = Mapping[str, Any]
Written = tuple[Image, Image]
# What makes a Word document: of an article's record, its HTML, the images' bytes by their addresses in it.
Word = Callable[[Image, str, Mapping[str, bytes]], bytes]

_COLUMNS = (
    "id", "jobId", "index", "keyword", "title", "slug", "metaTitle", "metaDescription", "status", "language", "model",
    "writtenBy", "wordCount", "tokensUsed", "cost", "createdAt", "updatedAt", "images",
    "sources", "content",
)  # fmt: skip
# A spreadsheet would take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
ZIP = "application/zip"
FORMATS = (*(media.partition(";")[0] for media in _TYPES.values()), ZIP)
_BINARY = {ZIP, _TYPES["docx"]}


@dataclass(frozen=True)
class Part:
    """Which part of a job's articles."""

    number: int
    of: int


@dataclass(frozen=True)
class File:
    """One article in the format that was asked for; `beside` are the images that it shows, by their addresses."""

    image: Image
    content: bytes
    beside: Mapping[str, bytes]


class Exports:
    def __init__(self, parts: Parts, word: Word) -> None:
        self._parts, self._word = parts, word

    def export(self, user: str, images: Sequence[Image], format: Format, part: Part | None) -> Response[Any]:
        """`part` where it is a job's: files are then named by the numbers of its lines. Raises NotFound where there is
        nothing to export, TooLarge where it does not fit the memory."""
        if not images:
            raise NotFound("There are no articles to export here.")
        bodies = products.bodies(self._parts, user, images)
        written = sorted(zip(images, bodies, strict=True), key=lambda each: str(each[0]["id"]))
        if format == "csv":
            return self._answer(user, _table(written).encode(), _TYPES["csv"], _name(part, "csv"))
        files = (self._file(user, *each, format) for each in written)
        if len(written) > 1:
            return self._answer(user, _zip(_several(files, format)), ZIP, _name(part, "zip"))
        file = next(files)
        stem = _numbered(file.image) if part else file.image["slug"]
        if not file.beside:
            return self._answer(user, file.content, _TYPES[format], f"{stem}.{format}")
        return self._answer(user, _zip([(f"{stem}.{format}", file.content), *file.beside.items()]), ZIP, f"{stem}.zip")

    def _file(self, user: str, image: Image, body: Image, format: Format) -> File:
        if format == "json":
            return File(image, _json(image, body).encode(), {})
        pictures = products.pictures(self._parts, products.images(self._parts, user, image, body))
        if format == "docx":
            return File(image, self._word(image, body["content"], pictures), {})
        write = _html if format == "html" else _markdown
        return File(image, write(image, body).encode(), pictures)

    def _answer(self, user: str, content: bytes, media: str, name: str) -> Response[Any]:
        """The file or, where it fits no answer, the way to it."""
        headers = {"Cache-Control": "no-store"}
        if len(content) > MOST_BYTES:
            address = products.keep_export(self._parts, user, name, content, media)
            return Response(303, None, "", {**headers, "Location": address})
        headers |= {
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        if media not in _BINARY:
            return Response(200, media, content.decode(), headers)
        response: Response[Any] = Response(200, media, b64encode(content).decode(), headers)
        response.base64_encoded = True  # powertools would try to read bytes as text before it encodes them
        return response


def _name(part: Part | None, ending: str) -> str:
    if part is None or part.of == 1:
        return f"articles.{ending}"
    return f"articles-part-{part.number}-of-{part.of}.{ending}"


def _numbered(image: Image) -> str:
    """Sorts as the keywords did."""
    return f"{int(str(image['id'])[-6:]) + 1:04d}-{image['slug'][:100]}"


def _several(files: Iterable[File], ending: str) -> Iterator[tuple[str, bytes]]:
    """What has images stands in a folder with them."""
    names = Counter[str]()
    for file in files:
        stem = _numbered(file.image)
        names[stem] += 1
        # Lines of several jobs may have the same number and slug.
        unique = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        folder = f"{unique}/" if file.beside else ""
        yield f"{folder}{unique}.{ending}", file.content
        yield from ((f"{folder}{address}", data) for address, data in file.beside.items())


def _zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files:
            packed = name.endswith((".png", ".jpg", ".webp", ".docx"))  # these are as small as they get
            archive.writestr(name, content, zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED)
            if buffer.tell() > MOST_KEPT:
                text = f"The file would have more than {MOST_KEPT:,} bytes: ask for fewer articles."
                raise TooLarge(text, {"limit": MOST_KEPT})
    return buffer.getvalue()


def _html(image: Image, body: Image) -> str:
    title, description = escape(image["meta_title"] or image["title"]), escape(image["meta_description"])
    return (
        f'<!doctype html>\n<html lang="{escape(image["language"])}">\n<head>\n<meta charset="utf-8">\n'
        f'<title>{title}</title>\n<meta name="description" content="{description}">\n</head>\n<body>\n<article>\n'
        f"<h1>{escape(image['title'])}</h1>\n{body['content']}\n</article>\n</body>\n</html>\n"
    )


def _markdown(image: Image, body: Image) -> str:
    """Markdown takes HTML as it is: so does an article whose text was edited."""
    return f"# {image['title']}\n\n{body.get('markdown') or body['content']}\n"


def _json(image: Image, body: Image) -> str:
    return WholeArticleView.whole(image, body).model_dump_json(by_alias=True, indent=2)


def _table(written: Sequence[Written]) -> str:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    rows = csv.writer(buffer)
    rows.writerow(_COLUMNS)
    for image, body in written:
        article = WholeArticleView.whole(image, body).model_dump(by_alias=True)
        shown = article | {
            "images": " ".join(f"images/{each['name']}" for each in article["images"]),
            "sources": " ".join(each["url"] for each in article["sources"]),
        }
        rows.writerow([_cell(shown[column]) for column in _COLUMNS])
    return "\ufeff" + buffer.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
