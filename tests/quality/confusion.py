"""How often the gate is right on labelled samples, and the table of it in docs/quality.md."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.kinds.documents.quality import judge
from tests.quality.made import made
from tests.quality.samples import Sample, written

PAGE = Path(__file__).parents[2] / "docs/quality.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
CODES = (
    "wrong_language", "truncated", "too_short", "too_long", "empty", "broken_html", "no_headings", "repeats", "remarks",
    "placeholder",
)  # fmt: skip
UNSEEN = "unseen-"


@dataclass(frozen=True)
class Row:
    """`passed` are the samples with the fault that were let through, `failed` those without it that were not."""

    code: str
    bad: int
    passed: tuple[str, ...]
    good: int
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    title: str
    samples: int
    good: int
    good_failed: tuple[str, ...]
    rows: tuple[Row, ...]


def table(title: str, samples: Iterable[Sample]) -> Table:
    judged = [(sample, {fault.code for fault in judge(sample.text, sample.wishes)}) for sample in samples]
    good = [(sample, found) for sample, found in judged if not sample.expected]
    failed = tuple(sample.name for sample, found in good if found)
    return Table(title, len(judged), len(good), failed, tuple(_row(code, judged) for code in CODES))


def _row(code: str, judged: list[tuple[Sample, set[str]]]) -> Row:
    bad = [(sample.name, found) for sample, found in judged if code in sample.expected]
    good = [(sample.name, found) for sample, found in judged if code not in sample.expected]
    passed = tuple(name for name, found in bad if code not in found)
    return Row(code, len(bad), passed, len(good), tuple(name for name, found in good if code in found))


def tables() -> list[Table]:
    """What the rules were written beside, what was written after them, and what is made of the prose."""
    by_hand = written()
    return [
        table("Written by hand", [each for each in by_hand if not each.name.startswith(UNSEEN)]),
        table("Written by hand after the rules were fixed", [each for each in by_hand if each.name.startswith(UNSEEN)]),
        table("Made by rule", made()),
    ]


def as_markdown(found: Iterable[Table]) -> str:
    return "\n\n".join(_shown(each) for each in found)


def _shown(of: Table) -> str:
    head = f"**{of.title}**: {of.samples:,} texts, {of.good:,} of them good; {len(of.good_failed)} good ones failed."
    rows = [
        f"| `{row.code}` | {row.bad:,} | {_listed(row.passed)} | {row.good:,} | {_listed(row.failed)} |"
        for row in of.rows
        if row.bad or row.failed
    ]
    top = ["| fault | texts with it | let through | texts without it | failed for it |", "|---|---|---|---|---|"]
    return "\n".join([head, "", *top, *rows])


def _listed(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {', '.join(names)}" if names else "0"


def published() -> str:
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def publish() -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{as_markdown(tables())}\n\n{END}{rest.partition(END)[2]}", "utf-8")
