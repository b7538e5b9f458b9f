"""CloudFormation's functions, resolved."""

from typing import Any

import pytest

from local.errors import TemplateError
from local.intrinsics import Intrinsics

INTRINSICS = Intrinsics(
    parameters={"AWS::Region": "us-east-1", "Stage": "dev", "Size": "0", "Origins": ["a", "b"]},
    conditions={
        "Dev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "Sized": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, 0]}]},
        "Both": {"Fn::And": [{"Condition": "Dev"}, {"Condition": "Sized"}]},
        "Either": {"Fn::Or": [{"Condition": "Dev"}, {"Condition": "Sized"}]},
    },
    mappings={"Zones": {"us-east-1": {"dev": "z1"}}},
    attributes={"Queue": {"Ref": "url", "Arn": "arn:queue"}},
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Queue"}, "url"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:queue"),
        ({"Fn::Sub": "${AWS::Region}/${Queue}/${Queue.Arn}/${!Literal}"}, "us-east-1/url/arn:queue/${Literal}"),
        ({"Fn::Sub": ["${A}-${Stage}", {"A": {"Ref": "Queue"}}]}, "url-dev"),
        ({"Fn::Join": ["-", [{"Ref": "Stage"}, 1, True]]}, "dev-1-true"),
        ({"Fn::Join": ["+", {"Ref": "Origins"}]}, "a+b"),
        ({"Fn::Split": [",", "x,y"]}, ["x", "y"]),
        ({"Fn::Select": [1, {"Fn::Split": [",", "x,y"]}]}, "y"),
        ({"Fn::FindInMap": ["Zones", {"Ref": "AWS::Region"}, {"Ref": "Stage"}]}, "z1"),
        ({"Fn::If": ["Dev", 1, 2]}, 1),
        ({"Fn::If": ["Sized", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"kept": 1, "gone": {"Fn::If": ["Sized", 5, {"Ref": "AWS::NoValue"}]}}, {"kept": 1}),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
    ],
)
def test_a_function_gives_what_cloudformation_gives(value: Any, expected: Any) -> None:
    assert INTRINSICS.resolve(value, "Somewhere") == expected


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Ref": "Nothing"}, "Nothing"),
        ({"Fn::GetAtt": ["Queue", "Colour"]}, "Queue.Colour"),
        ({"Fn::Sub": "${Nothing.Arn}"}, "Nothing.Arn"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unknown"),
        ({"Fn::FindInMap": ["Zones", "mars", "dev"]}, "mars"),
    ],
)
def test_what_has_no_value_is_an_error_naming_the_place(value: Any, named: str) -> None:
    with pytest.raises(TemplateError, match=named) as refusal:
        INTRINSICS.resolve({"Deep": [value]}, "WorkerFunction")
    assert str(refusal.value).startswith("WorkerFunction:")
