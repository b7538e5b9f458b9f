"""Event filter patterns as EventBridge defines them."""

import pytest

from local import filters
from local.errors import TemplateError

RECORD = {
    "eventName": "MODIFY",
    "dynamodb": {
        "Keys": {"sk": {"S": "ITEM#7"}},
        "NewImage": {"status": {"S": "queued"}, "stage": {"N": "1"}, "tags": ["a", "b"]},
        "size": 40,
    },
}


def image(**rules: object) -> dict[str, object]:
    return {"dynamodb": {"NewImage": rules}}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "ITEM#"}]}}}}, True),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "JOB#"}]}}}}, False),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"suffix": "#7"}]}}}}, True),
        ({"dynamodb": {"Keys": {"sk": {"S": [{"suffix": "#8"}]}}}}, False),
        (image(status={"S": [{"equals-ignore-case": "QUEUED"}]}), True),
        (image(status={"S": ["QUEUED"]}), False),
        (image(stage={"N": [{"anything-but": ["0"]}]}), True),
        (image(stage={"N": [{"anything-but": "1"}]}), False),
        (image(stage={"N": [{"anything-but": {"prefix": "1"}}]}), False),
        (image(absent={"N": [{"anything-but": ["0"]}]}), False),
        (image(absent={"S": [{"exists": False}]}), True),
        (image(absent={"S": [{"exists": True}]}), False),
        (image(status={"S": [{"exists": True}]}), True),
        ({"dynamodb": {"size": [{"numeric": [">", 0, "<=", 40]}]}}, True),
        ({"dynamodb": {"size": [{"numeric": ["<", 40]}]}}, False),
        ({"dynamodb": {"size": ["40"]}}, False),
        (image(stage={"N": [{"numeric": ["=", 1]}]}), False),
        (image(tags=["b"]), True),
        (image(status={"S": ["queued"]}, stage={"N": ["2"]}), False),
        ({"$or": [{"eventName": ["INSERT"]}, {"dynamodb": {"size": [40]}}]}, True),
        ({"$or": [{"eventName": ["INSERT"]}, {"dynamodb": {"size": [41]}}]}, False),
        ({"OldImage": {"status": {"S": ["queued"]}}}, False),
    ],
)
def test_a_pattern_matches_what_eventbridge_would_match(pattern: dict[str, object], matches: bool) -> None:
    assert filters.matches(RECORD, pattern) is matches


def test_one_matching_filter_of_several_is_enough_and_none_wants_everything() -> None:
    insert, modify = {"eventName": ["INSERT"]}, {"eventName": ["MODIFY"]}
    assert filters.wanted(RECORD, [insert, modify])
    assert not filters.wanted(RECORD, [insert])
    assert filters.wanted(RECORD, [])


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ('{"a": [{"wildcard": "x*"}]}', "wildcard"),
        ('{"a": [{"anything-but": [{"cidr": "10.0.0.0/8"}]}]}', "cidr"),
        ('{"a": "not a list"}', "not a list"),
        ("{", "not JSON"),
    ],
)
def test_a_pattern_that_would_be_misread_is_refused_at_start(pattern: str, named: str) -> None:
    with pytest.raises(TemplateError, match=named) as refusal:
        filters.parse("ReaderFunctionChanges", {"Filters": [{"Pattern": pattern}]})
    assert str(refusal.value).startswith("ReaderFunctionChanges:")
