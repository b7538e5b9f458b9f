"""The tool itself: which orders it finds, and that it finds what a race can break."""

from collections.abc import Callable
from math import comb

import pytest

from tests.faults.footprints import EVERYTHING, Footprint, Stretch, clash
from tests.faults.orders import Step, Waiting, every_order, given

Programs = dict[str, list[Footprint]]


def at(place: str, *, writes: bool = True) -> Footprint:
    return (Stretch(place, writes=writes),)


def orders_of(programs: Programs, switches: int | None = None) -> list[list[str]]:
    found: list[list[str]] = []

    def run(choose: Callable[[Waiting], str]) -> None:
        left, order = {name: list(steps) for name, steps in programs.items()}, []
        while waiting := {name: Step("call", steps[0]) for name, steps in left.items() if steps}:
            order.append(choose(waiting))
            left[order[-1]].pop(0)
        found.append(order)

    counted = every_order(run, switches)
    assert counted.complete
    assert counted.number == len(found) == len({tuple(order) for order in found})
    return found


def test_calls_that_clash_come_in_every_order() -> None:
    assert len(orders_of({"a": [EVERYTHING] * 3, "b": [EVERYTHING] * 3})) == comb(6, 3)


def test_calls_that_do_not_clash_come_in_one() -> None:
    assert len(orders_of({"a": [at("x")] * 3, "b": [at("y")] * 3})) == 1
    assert len(orders_of({"a": [at("x", writes=False)] * 3, "b": [at("x", writes=False)] * 3})) == 1


def test_one_clash_among_many_calls_is_tried_both_ways() -> None:
    programs = {"a": [at("own")] * 4 + [at("x")], "b": [at("other")] * 4 + [at("x")]}
    ends = [order[-1] for order in orders_of(programs)]
    assert sorted(ends) == ["a", "b"]


def test_three_writers_of_one_place_come_in_six_orders() -> None:
    programs = {name: [at(name), at("x"), at(name)] for name in "abc"}
    assert len(orders_of(programs)) == 6


@pytest.mark.parametrize(("switches", "orders"), [(0, 2), (1, 6), (6, comb(6, 3))])
def test_few_switches(switches: int, orders: int) -> None:
    assert len(orders_of({"a": [EVERYTHING] * 3, "b": [EVERYTHING] * 3}, switches)) == orders


def test_stretches_clash_where_they_overlap_and_one_of_them_writes() -> None:
    item, items = (Stretch("job", "ITEM#2", "ITEM#2", writes=True),), (Stretch("job", "ITEM#1", "ITEM#3"),)
    assert clash(item, items)
    assert not clash(items, items)
    assert not clash(item, (Stretch("job", "ITEM#3", "ITEM#9"),))
    assert not clash(item, (Stretch("another", "ITEM#1", "ITEM#3"),))


class Shared:
    """Two that read a number, then write it one higher."""

    def __init__(self, choose: Callable[[Waiting], str]) -> None:
        self.number, seen = 0, dict[str, int]()
        left = {"a": 2, "b": 2}
        while waiting := {name: Step("call", at("number", writes=steps == 1)) for name, steps in left.items() if steps}:
            name = choose(waiting)
            left[name] -= 1
            if left[name]:
                seen[name] = self.number
            else:
                self.number = seen[name] + 1


def test_a_lost_update_is_found_and_its_order_shows_it_again() -> None:
    def run(choose: Callable[[Waiting], str]) -> None:
        assert Shared(choose).number == 2, "lost"

    with pytest.raises(AssertionError, match="lost") as caught:
        every_order(run)
    (note,) = caught.value.__notes__
    order = note.removeprefix("in the order ").strip("[]").replace("'", "").split(", ")
    assert Shared(given(order)).number == 1
