"""Reads a file of keywords as people make them: a line each, or a table saved from a spreadsheet."""

import csv
from collections.abc import Iterator
from pathlib import Path

from local.calls import ClientError

Line = str | dict[str, str]

# By how they are written in a file, whatever their case: how the interface names them.
COLUMNS = {
    "keyword": "keyword",
    "title": "title",
    "outline": "outline",
    "websiteid": "websiteId",
    "website_id": "websiteId",
}


def read(path: Path) -> list[Line]:
    """Blank lines are left out. Raises ClientError naming what is wrong with the file."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ClientError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    lines: list[Line] = (
        [*_table(path, text)] if path.suffix.lower() == ".csv" else [*filter(str.strip, text.splitlines())]
    )
    if not lines:
        raise ClientError(f"{path} holds no keyword: write one on each line")
    return lines


def _table(path: Path, text: str) -> Iterator[dict[str, str]]:
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(keepends=True), delimiter=max(",;\t", key=head.count))
    named = {column: COLUMNS.get((column or "").strip().lower()) for column in rows.fieldnames or ()}
    if "keyword" not in named.values():
        raise ClientError(f"{path} has no column `keyword`: name the columns in its first line")
    for row in rows:
        line = {name: (row[column] or "").strip() for column, name in named.items() if name}
        if line["keyword"]:
            yield {name: value for name, value in line.items() if value}
