"""The suite is as sharp as it is long: take one condition or write out of the engine or the store, and it goes red."""

from pathlib import Path

import pytest

from tests.faults.edits import copy, edited
from tests.faults.mutants import MUTANTS
from tests.faults.mutants_of_items import Mutant
from tests.faults.nursery import Nursery


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_every_mutant_differs(mutant: Mutant) -> None:
    for edit in mutant.edits:
        assert edited(edit.file, mutant.edits) != edited(edit.file, ())


@pytest.mark.long
def test_without_a_change_a_copy_passes_them_all(nursery: Nursery, tmp_path: Path) -> None:
    verdict = nursery.judge(copy(tmp_path / "copy", ()), sorted({mutant.test for mutant in MUTANTS}))
    assert (verdict.broken, verdict.text) == ("", "")
    assert verdict.passed


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_no_mutant_survives(mutant: Mutant, nursery: Nursery, tmp_path: Path) -> None:
    verdict = nursery.judge(copy(tmp_path / "copy", mutant.edits), [mutant.test])
    assert verdict.broken == ""
    assert verdict.red, f"{mutant.test} does not notice"
