"""Where the package calls AWS or a provider: found in its source, and noted as they are passed."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import penstock
from penstock.store.records import Records
from tests.house import House

PACKAGE = str(Path(penstock.__file__).parent)
# What stands for AWS where it is called through: a client, or one of the parts that hold one.
HOLDERS = {"_client", "table", "records", "queues", "files", "_files"}


@dataclass(frozen=True)
class Site:
    """A call in the source; its lines are those that it stretches over."""

    file: str
    line: int
    last_line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"

    def is_hit_by(self, hit: "Hit") -> bool:
        return (self.file, self.name) == (hit.file, hit.name) and self.line <= hit.line <= self.last_line


@dataclass(frozen=True)
class Hit:
    file: str
    line: int
    name: str


def find(*folders: str) -> list[Site]:
    """In these parts of the package."""
    paths = sorted(path for folder in folders for path in Path(PACKAGE, folder).rglob("*.py"))
    static = {name for path in paths if path.parent.name == "store" for name in _static(path)}
    return [site for path in paths for site in _sites(path) if site.name not in static]


def asking() -> list[Site]:
    """Where a model is asked: for a step, and whether its provider answers at all."""
    ways = (("guard", "write"), ("guard", "make"), ("circuit", "write"))
    return [
        site for name, call in ways for site in _sites(Path(PACKAGE, f"engine/{name}.py"), ["self", "_parts", call])
    ]


def _static(path: Path) -> Iterator[str]:
    """Methods that have no client to call."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and "staticmethod" in map(ast.unparse, node.decorator_list):
            yield node.name


def _sites(path: Path, exactly: list[str] | None = None) -> Iterator[Site]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names = _names(node.func)
            if names == exactly if exactly else HOLDERS & set(names[:-1]):
                yield Site(str(path.relative_to(PACKAGE)), node.lineno, node.end_lineno or node.lineno, names[-1])


def _names(node: ast.expr) -> list[str]:
    """a.b.c as its names; empty before what is no name, such as the answer of another call."""
    if isinstance(node, ast.Attribute):
        return [*_names(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


class Noted:
    """Stands before a part, or a provider's client, and notes who calls it; what belongs to it is noted like it."""

    def __init__(self, inner: Any, hits: set[Hit], nested: bool = False) -> None:
        self._inner, self._hits, self._nested = inner, hits, nested

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Noted(found, self._hits, nested=True) if self._nested else found

        def call(*given: Any, **named: Any) -> Any:
            frame = sys._getframe(1)
            if frame.f_code.co_filename.startswith(PACKAGE):
                file = frame.f_code.co_filename[len(PACKAGE) + 1 :]
                self._hits.add(Hit(file, frame.f_lineno, name))
            return found(*given, **named)

        return call


def note(house: House) -> set[Hit]:
    """Of all that the house's engine asks of its table, queues and files from here on."""
    hits: set[Hit] = set()
    parts = house.parts
    table: Any = Noted(parts.table, hits)
    records: Any = Noted(Records(table), hits)
    queues: Any = Noted(parts.queues, hits)
    files: Any = Noted(parts.files, hits)
    house.parts = replace(parts, table=table, records=records, queues=queues, files=files)
    return hits
