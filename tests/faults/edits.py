"""Small edits of Penstock's source, for copies that lack one thing. Each must fit its file exactly once."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

SOURCE = Path(__file__).parents[2] / "layers/core/python"


@dataclass(frozen=True)
class Edit:
    """`old`, which stands once in `file` (within the package), becomes `new`."""

    file: str
    old: str
    new: str

    def of(self, source: str) -> str:
        found = source.count(self.old)
        assert found == 1, f"{self.file} has {found} times: {self.old}"
        edited = source.replace(self.old, self.new)
        compile(edited, self.file, "exec")
        return edited


def edited(file: str, edits: Iterable[Edit]) -> str:
    """The file's text after those of the edits that are its own."""
    text = (SOURCE / "penstock" / file).read_text()
    for edit in edits:
        if edit.file == file:
            text = edit.of(text)
    return text


def copy(folder: Path, edits: Iterable[Edit]) -> Path:
    """The package as it would be with the edits; what to put on the path in order to import it."""
    edits = list(edits)
    copytree(SOURCE / "penstock", folder / "penstock")  # with times and compiled files: little is compiled anew
    for file in {edit.file for edit in edits}:
        (folder / "penstock" / file).write_text(edited(file, edits))
    return folder
