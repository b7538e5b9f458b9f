"""The labelled set: texts that are good, and texts that have a stated fault. All were written for this set."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from penstock.kinds.documents.quality import Wishes

FOLDER = Path(__file__).parent
_HEAD = re.compile(
    r"^=== (?P<name>[\w-]+) \| (?P<language>[\w-]+) \| (?P<fewest>\d+)-(?P<most>\d+) \| (?P<label>[\w ]+)$"
)
# What the prose pieces were written to, in words.
PROSE = (85, 135)


@dataclass(frozen=True)
class Sample:
    """`expected` are the codes of the faults that a reader would find; none for a good text."""

    name: str
    text: str
    wishes: Wishes
    expected: frozenset[str]


def prose() -> dict[str, str]:
    """A short article in each language, by its tag: real prose of 80 words and more."""
    return {path.stem: path.read_text("utf-8").strip() for path in sorted((FOLDER / "prose").glob("*.md"))}


def written() -> list[Sample]:
    """Each labelled by hand: the prose pieces, which are good, and what stands in `samples/`."""
    return [*_good_prose(), *(sample for path in sorted((FOLDER / "samples").glob("*.md")) for sample in _of(path))]


def _good_prose() -> Iterator[Sample]:
    for tag, text in prose().items():
        wishes = Wishes(language=tag, fewest=PROSE[0], most=PROSE[1])
        yield Sample(f"prose-{tag}", text, wishes, frozenset())


def _of(path: Path) -> Iterator[Sample]:
    """Samples of one file, each below a line `=== name | language | fewest-most | good` or the codes of its faults."""
    head: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*path.read_text("utf-8").splitlines(), "==="]:
        if not line.startswith("==="):
            lines.append(line)
            continue
        if head:
            yield _sample(head, "\n".join(lines).strip())
        head, lines = _HEAD.match(line), []
        if head is None and line != "===":
            raise ValueError(f"{path.name}: {line!r} is no head of a sample")


def _sample(head: re.Match[str], text: str) -> Sample:
    expected = frozenset() if head["label"] == "good" else frozenset(head["label"].split())
    wishes = Wishes(language=head["language"], fewest=int(head["fewest"]), most=int(head["most"]))
    return Sample(head["name"], text, wishes, expected)
