"""Every mend of the protocol is needed: taken out of a copy of the package, its schedule fails. So the schedules are
known to replay what they say."""

import re
from pathlib import Path

import pytest

from tests.faults.edits import copy, edited
from tests.faults.mends import MENDS, Mend
from tests.faults.nursery import Nursery

SEVENTEEN = range(1, 18)


def test_every_one_of_the_seventeen_has_its_mend() -> None:
    assert {mend.number for mend in MENDS} == set(SEVENTEEN)


@pytest.mark.parametrize("mend", MENDS, ids=str)
def test_every_mend_can_be_taken_out(mend: Mend) -> None:
    for edit in mend.edits:
        assert edited(edit.file, mend.edits) != edited(edit.file, ())


def test_a_copy_with_every_mend_in_its_place_passes(nursery: Nursery, tmp_path: Path) -> None:
    """The schedules themselves pass in the suite; here one does, as the copies below are tested."""
    verdict = nursery.judge(copy(tmp_path / "copy", ()), [MENDS[0].schedule])
    assert (verdict.broken, verdict.text, verdict.passed) == ("", "", 1)


@pytest.mark.parametrize("mend", MENDS, ids=str)
def test_without_its_mend_a_schedule_fails(mend: Mend, nursery: Nursery, tmp_path: Path) -> None:
    verdict = nursery.judge(copy(tmp_path / "copy", mend.edits), [mend.schedule])
    assert verdict.broken == ""
    assert (verdict.red, verdict.error) == (True, "AssertionError"), verdict
    assert re.search(mend.shows, verdict.text, re.DOTALL), verdict
