"""The wording of prompts: plain text in `<kind>/<name>.md`, where `$word` stands for a value. No code to touch."""

from functools import cache
from pathlib import Path
from string import Template


def render(kind: str, name: str, **values: object) -> str:
    """The file's text with its values. Raises KeyError for a `$word` that has no value."""
    return _template(kind, name).substitute(values)


@cache
def _template(kind: str, name: str) -> Template:
    return Template(Path(__file__).with_name(kind).joinpath(f"{name}.md").read_text("utf-8").strip())
