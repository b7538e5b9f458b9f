"""A condition is compiled for the table and judged on old images by one object: the two must never disagree."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.domain.conditions import Absent, All, Any_, Compare, Condition, OneOf, Present
from penstock.domain.writes import AccountOf, Delete, Put, Refusal, Update
from tests.house import House

NAMES = ("status", "run", "cursor", "name")
VALUES = st.one_of(st.integers(-3, 3), st.sampled_from(["pending", "paused", ""]))
IMAGES = st.none() | st.dictionaries(st.sampled_from(NAMES), VALUES)


SIMPLE = st.one_of(
    st.builds(Compare, st.sampled_from(NAMES), st.sampled_from(["=", "<", "<=", ">", ">="]), VALUES),
    st.builds(OneOf, st.sampled_from(NAMES), st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Present, st.sampled_from(NAMES)),
    st.builds(Absent, st.sampled_from(NAMES)),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        .map(tuple)
        .flatmap(lambda parts: st.sampled_from([All(parts), Any_(parts)]))
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(IMAGES, CONDITIONS)
def test_the_table_and_the_judge_agree(house: House, image: dict[str, Any] | None, condition: Condition) -> None:
    table, ref = house.parts.table, AccountOf("judged")
    table.transact([Delete(ref)])
    if image is not None:
        table.transact([Put(ref, image)])
    refusal = table.transact([Update(ref, condition, add={"touched": 1})])
    held = condition.holds(stored(image))
    assert held == (refusal is None)
    if isinstance(refusal, Refusal) and image is not None:
        assert refusal.images[0] == stored(image)


def stored(image: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if image is None else {"pk": "USER#judged", "sk": "ACCOUNT", **image}
