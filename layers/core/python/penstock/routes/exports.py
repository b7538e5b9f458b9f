"""Articles as files: HTML, Markdown, JSON, CSV; several of them as a ZIP."""

import csv
import io
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response

from penstock.domain.errors import NotFound, TooLarge
from penstock.routes.article_views import WholeArticleView

# Lambda answers with 6 MB at most, and files travel as base64.
MOST_BYTES = 4_400_000
MOST_AT_ONCE = 500

Format = Literal["html", "md", "json", "csv"]
Image = Mapping[str, Any]
Written = tuple[Image, Image]

_COLUMNS = (
    "id", "jobId", "index", "keyword", "title", "slug", "metaTitle", "metaDescription", "status", "language", "model",
    "writtenBy", "wordCount", "tokensUsed", "cost", "createdAt", "updatedAt", "content",
)  # fmt: skip
# A spreadsheet would take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
ZIP = "application/zip"
FORMATS = ("text/html", "text/markdown", "application/json", "text/csv", ZIP)


@dataclass(frozen=True)
class Part:
    """Which part of a job's articles."""

    number: int
    of: int


def export(images: Sequence[Image], bodies: Sequence[Image], format: Format, part: Part | None) -> Response[Any]:
    """`part` where it is a job's: files are then named by the numbers of its lines. Raises NotFound where there is
    nothing to export, TooLarge where it does not fit one answer."""
    if not images:
        raise NotFound("There are no articles to export here.")
    written = sorted(zip(images, bodies, strict=True), key=lambda each: str(each[0]["id"]))
    if format == "csv":
        return _file(_table(written).encode(), _TYPES["csv"], _name(part, "csv"))
    write = _WRITERS[format]
    if len(written) == 1:
        image, body = written[0]
        name = _numbered(image, format) if part else f"{image['slug']}.{format}"
        return _file(write(image, body).encode(), _TYPES[format], name)
    return _file(_zip(written, write, format), ZIP, _name(part, "zip"))


def _name(part: Part | None, ending: str) -> str:
    if part is None or part.of == 1:
        return f"articles.{ending}"
    return f"articles-part-{part.number}-of-{part.of}.{ending}"


def _numbered(image: Image, ending: str) -> str:
    """Sorts as the keywords did."""
    return f"{int(str(image['id'])[-6:]) + 1:04d}-{image['slug'][:100]}.{ending}"


def _file(content: bytes, media: str, name: str) -> Response[Any]:
    if len(content) > MOST_BYTES:
        text = f"The file would have {len(content):,} bytes, an answer takes {MOST_BYTES:,}: ask for fewer articles."
        raise TooLarge(text, {"limit": MOST_BYTES})
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if media != ZIP:
        return Response(200, media, content.decode(), headers)
    response: Response[Any] = Response(200, media, b64encode(content).decode(), headers)
    response.base64_encoded = True  # powertools would try to read bytes as text before it encodes them
    return response


def _zip(written: Sequence[Written], write: Callable[[Image, Image], str], ending: str) -> bytes:
    buffer, names = io.BytesIO(), Counter[str]()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for image, body in written:
            name = _numbered(image, ending)
            names[name] += 1
            # Lines of several jobs may have the same number and slug.
            unique = name if names[name] == 1 else f"{name.removesuffix('.' + ending)}-{names[name]}.{ending}"
            archive.writestr(unique, write(image, body))
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


_WRITERS: Mapping[str, Callable[[Image, Image], str]] = {"html": _html, "md": _markdown, "json": _json}


def _table(written: Sequence[Written]) -> str:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    rows = csv.writer(buffer)
    rows.writerow(_COLUMNS)
    for image, body in written:
        article = WholeArticleView.whole(image, body).model_dump(by_alias=True)
        rows.writerow([_cell(article[column]) for column in _COLUMNS])
    return "\ufeff" + buffer.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
