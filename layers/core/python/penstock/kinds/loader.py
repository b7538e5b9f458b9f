"""Finds the kinds: the `KIND` of every module of this package and of every file of extra folders. No list to keep."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import penstock.kinds as package
from penstock.domain.kind import Kind, Kinds

_THIS = __name__.rpartition(".")[2]


def load(*extra_folders: str | Path) -> Kinds:
    """All kinds, the shipped ones first. Sub-packages and files whose name starts with `_` are skipped.

    Raises ValueError naming the file: no such folder, a file that cannot be imported or has no `KIND`, a name twice.
    """
    found: dict[str, tuple[Kind, str]] = {}
    for module in _modules(extra_folders):
        kind, file = _kind_of(module), str(module.__file__)
        if kind.name in found:
            first = found[kind.name][1]
            raise ValueError(f"{file}: its kind {kind.name!r} is there already, from {first}: rename one of them")
        found[kind.name] = kind, file
    return Kinds([kind for kind, _ in found.values()])


def _modules(extra_folders: tuple[str | Path, ...]) -> Iterator[ModuleType]:
    for entry in pkgutil.iter_modules(package.__path__):
        if not entry.ispkg and not entry.name.startswith("_") and entry.name != _THIS:
            yield importlib.import_module(f"{package.__name__}.{entry.name}")
    for folder in map(Path, extra_folders):
        if not folder.is_dir():
            raise ValueError(f"{folder}: there is no such folder of kinds")
        yield from (_import(file) for file in sorted(folder.glob("*.py")) if not file.name.startswith("_"))


def _import(file: Path) -> ModuleType:
    # A name of its own per file: two folders may each have a words.py, and neither may shadow a shipped module.
    name = f"penstock_kind_{sha256(str(file.resolve()).encode()).hexdigest()[:12]}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file}: cannot be imported as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks annotations up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{file}: cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _kind_of(module: ModuleType) -> Kind:
    kind = getattr(module, "KIND", None)
    if not isinstance(kind, Kind):
        raise ValueError(  # noqa: TRY004 - the file is at fault
            f"{module.__file__}: has no KIND = Kind(…); give it one, or start the file's name with _"
        )
    return kind
