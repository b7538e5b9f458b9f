"""The file `.env`."""

from pathlib import Path

import pytest

from local import dotenv
from local.errors import LocalError

ROOT = Path(__file__).parents[2]
TEXT = """\
# A comment.

OPENAI_API_KEY=sk-1
export GEMINI_API_KEY = g-1
  SPACED=  a value   # and a comment
QUOTED="a # b"
SINGLE='it is "so"'
EMPTY=
HASH=a#b
EQUAL=a=b==
OPENAI_MODELS=llama3.2, qwen3:8b
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_each_line_is_a_variable(file: Path) -> None:
    file.write_text(TEXT)
    assert dotenv.read(file) == {
        "OPENAI_API_KEY": "sk-1",
        "GEMINI_API_KEY": "g-1",
        "SPACED": "a value",
        "QUOTED": "a # b",
        "SINGLE": 'it is "so"',
        "EMPTY": "",
        "HASH": "a#b",
        "EQUAL": "a=b==",
        "OPENAI_MODELS": "llama3.2, qwen3:8b",
    }


def test_a_file_as_other_systems_write_it_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfPORT=9000\r\nFRESH=1\r\n")
    assert dotenv.read(file) == {"PORT": "9000", "FRESH": "1"}


def test_the_shell_goes_before_the_file_and_an_empty_variable_too(file: Path) -> None:
    file.write_text("PORT=9000\nOPENAI_API_KEY=sk-1\nSTATE=kept\n")
    environment = {"ENV_FILE": str(file), "PORT": "8000", "OPENAI_API_KEY": ""}
    dotenv.take(environment)
    assert environment == {"ENV_FILE": str(file), "PORT": "8000", "OPENAI_API_KEY": "", "STATE": "kept"}


def test_no_file_and_no_name_of_one_add_nothing(file: Path) -> None:
    for name in (str(file), ""):
        environment = {"ENV_FILE": name}
        dotenv.take(environment)
        assert environment == {"ENV_FILE": name}


@pytest.mark.parametrize(
    "line", ["sk-secret-1", "=sk-secret-1", "MY KEY=sk-secret-1", 'KEY="sk-secret-1', "K-Y=sk-secret-1"]
)
def test_a_line_that_is_no_variable_is_numbered_and_not_quoted(file: Path, line: str) -> None:
    file.write_text(f"PORT=9000\n{line}\n")
    with pytest.raises(LocalError, match="line 2: must be NAME=value") as problem:
        dotenv.read(file)
    assert "secret" not in str(problem.value)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=f"{tmp_path}: cannot be read"):
        dotenv.read(tmp_path)


def test_the_example_says_what_there_is_and_sets_nothing() -> None:
    example = ROOT / ".env.example"
    assert dotenv.read(example) == {}
    offered = [line.removeprefix("# ").partition("=")[0] for line in example.read_text().splitlines() if "=" in line]
    assert offered == ["OPENAI_API_KEY", "GEMINI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODELS"]


def test_the_file_is_never_committed() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
