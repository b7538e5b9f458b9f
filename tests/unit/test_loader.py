"""Which files are kinds, and which stop the start."""

from pathlib import Path

import pytest

from penstock.domain.kind import Planning
from penstock.domain.models import Catalogue
from penstock.kinds.loader import load

PLANNING = Planning(Catalogue([]), lambda _: None)

KIND = """
from penstock.domain.kind import BatchRequest, Kind, Plan
from penstock.domain.quota import Needs

class Request(BatchRequest):
    lines: list[str]

def plan(request, planning):
    return Plan(tuple({{"line": line}} for line in request.lines), {{}}, "n", "m")

KIND = Kind("{name}", noun="line", request=Request, plan=plan, stages=(), ceiling=lambda *_: Needs())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "echo.py").write_text(KIND.format(name="echo"))
    return tmp_path


def test_the_shipped_kinds_are_found() -> None:
    assert "batch_keywords" in load()


def test_a_file_dropped_into_a_folder_is_a_kind(folder: Path) -> None:
    kinds = load(folder)
    assert kinds.names == (*load().names, "echo")
    request = kinds["echo"].request.model_validate({"job_type": "echo", "lines": ["a"]})
    assert kinds["echo"].plan(request, PLANNING).inputs == ({"line": "a"},)


def test_several_folders_may_have_files_of_one_name(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    second = tmp_path_factory.mktemp("second")
    (second / "echo.py").write_text(KIND.format(name="other"))
    assert set(load(folder, str(second)).names) >= {"echo", "other"}


def test_an_edited_file_is_read_again(folder: Path) -> None:
    load(folder)
    (folder / "echo.py").write_text(KIND.format(name="renamed_echo"))
    assert "renamed_echo" in load(folder)


def test_what_is_no_kind_is_skipped(folder: Path) -> None:
    (folder / "_shared.py").write_text("raise RuntimeError('imported')")
    (folder / "notes.txt").write_text("not Python")
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("raise RuntimeError('imported')")
    assert "echo" in load(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no KIND"),
        ("KIND = 'words'", "has no KIND"),
        ("import no_such_module", "no_such_module"),
        ("def", "SyntaxError"),
        (KIND.format(name="echo"), "'echo' is there already"),
        (KIND.format(name="batch_keywords"), "articles.py"),
    ],
)
def test_a_faulty_file_is_named(folder: Path, text: str, words: str) -> None:
    faulty = folder / "faulty.py"
    faulty.write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        load(folder)
    assert str(faulty) in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        load(tmp_path / "nowhere")
