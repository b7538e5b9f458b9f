"""What a breaker's record says, and which fates it hears of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import penstock
from penstock.domain import breaker as moves
from penstock.domain.breaker import FIRST_WAIT, LONGEST_WAIT, Breaker
from penstock.domain.conditions import Image
from penstock.domain.errors import PROVIDER_FAULTS, Limited, Transient
from penstock.domain.writes import Update
from penstock.providers.openai import fates

NOW = 1_800_000_000_000
# Of what a line may have brought about, by what it asks for.
LINES_OWN = {"empty_answer", "unfinished_answer", "answer_too_large"}


def holds(update: Update, image: Image | None) -> bool:
    return update.when is None or update.when.holds(image)


def test_no_record_is_a_closed_breaker() -> None:
    found = Breaker.of("p", None)
    assert (found.is_open, found.failures, found.held_for("m", NOW)) == (False, 0, 0.0)


@pytest.mark.parametrize(
    ("wait", "open_until", "closed_at", "next_wait"),
    [
        (0, None, 0, FIRST_WAIT),
        (30, NOW, 0, 60),
        (240, NOW, 0, LONGEST_WAIT),
        (300, NOW, 0, LONGEST_WAIT),
        (60, None, NOW - 299_000, 120),
        (60, None, NOW - 301_000, FIRST_WAIT),
    ],
    ids=["first", "doubles", "up to the longest", "and no further", "closed a moment ago", "closed long ago"],
)
def test_waits_double(wait: int, open_until: int | None, closed_at: int, next_wait: int) -> None:
    found = Breaker(provider="p", wait=wait, open_until=open_until, closed_at=closed_at)
    assert found.next_wait(NOW) == next_wait


def test_only_one_takes_the_lease() -> None:
    image = {"pk": "PROVIDER#p", "open_until": NOW, "opened_at": NOW, "wait": 30}
    take = moves.probes(Breaker.of("p", image), "one", NOW + 1)
    assert holds(take, image)
    leased = {**image, **take.set}
    assert not holds(moves.probes(Breaker.of("p", image), "other", NOW + 2), leased)
    later = NOW + 1 + moves.LEASE_SECONDS * 1000 + 1
    assert holds(moves.probes(Breaker.of("p", leased), "other", later), leased)


def test_a_verdict_is_its_probers_alone() -> None:
    image = {"open_until": NOW, "opened_at": NOW, "prober": "one", "probing_until": NOW + 45_000}
    found = Breaker.of("p", image)
    assert holds(moves.closes(found, "one", NOW), image)
    assert not holds(moves.closes(found, "other", NOW), image)
    assert not holds(moves.opens(found, "other", "r", NOW, 30), image)


def test_a_fault_does_not_count_while_it_is_open() -> None:
    assert holds(moves.fails("p"), None)
    assert not holds(moves.fails("p"), {"open_until": NOW})


def test_an_answer_does_not_hide_faults_that_came_after_it_began() -> None:
    began = Breaker(provider="p", failures=1)
    assert holds(moves.answers(began), {"failures": 1})
    assert not holds(moves.answers(began), {"failures": 2})


def test_a_later_hold_stands() -> None:
    assert not holds(moves.holds("p", "m", NOW + 5_000, NOW), {"held#m": NOW + 9_000})
    assert holds(moves.holds("p", "m", NOW + 9_000, NOW), {"held#m": NOW + 5_000})
    assert Breaker.of("p", {"held#m": NOW + 5_000}).held_for("m", NOW) == 5.0


def codes() -> Iterator[tuple[str, str]]:
    """(place, code) of every Transient that a provider raises, but for the offline writer, which nothing can fail."""
    found = Path(penstock.__file__).parent.joinpath("providers").rglob("*.py")
    for path in (each for each in found if each.parent.name != "offline"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Transient":
                named = [ast.literal_eval(each.value) for each in node.keywords if each.arg == "code"]
                yield f"{path}:{node.lineno}", named[0] if named else "none"


def test_every_fault_of_a_provider_is_known_as_its_own_or_as_the_lines() -> None:
    unknown = [(place, code) for place, code in codes() if code not in PROVIDER_FAULTS | LINES_OWN]
    assert not unknown
    assert {code for _, code in codes()} >= PROVIDER_FAULTS
    assert Transient("x", code="provider_failed").of_provider
    assert not Transient("An internal error occurred.").of_provider


@pytest.mark.parametrize(
    ("status", "body", "operator"),
    [
        *((status, {}, True) for status in (401, 402, 403, 405)),
        (429, {"code": "insufficient_quota"}, True),
        (429, {}, False),
        (503, {}, False),
    ],
)
def test_what_only_the_operator_can_mend_is_marked(status: int, body: dict[str, str], operator: bool) -> None:
    fate = fates.of(status, {"retry-after": "600"}, body, 0.0)
    assert isinstance(fate, Limited)
    assert fate.operator is operator
