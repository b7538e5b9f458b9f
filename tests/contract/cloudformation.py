"""The template as AWS gets it, translated as local mode does it, and how to read references in it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import template

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("api", "authorizer", "dead_letters", "dispatcher", "janitor", "worker")
QUEUES = ("QueueHigh", "QueueNormal", "QueueLow")
DEAD_LETTER_QUEUES = ("DeadLetterQueueHigh", "DeadLetterQueueNormal", "DeadLetterQueueLow")
Json = Any


@cache
def source() -> Json:
    """template.yaml as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))


@cache
def resources() -> dict[str, Json]:
    """Plain CloudFormation by logical id, references unresolved, every parameter at its default."""
    return dict(template.load(ROOT / "template.yaml", {}).resources)


def of_type(kind: str) -> dict[str, Json]:
    """Properties by logical id."""
    return {name: each.get("Properties", {}) for name, each in resources().items() if each["Type"] == kind}


def properties(name: str) -> Json:
    return resources()[name]["Properties"]


def default(value: Json) -> Json:
    """What a property is with every parameter at its default."""
    parameters = source()["Parameters"]
    return parameters[value["Ref"]]["Default"] if isinstance(value, dict) and value.get("Ref") in parameters else value


def listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def target(value: Json) -> str:
    """The logical id that a Ref, a GetAtt or a Sub of one resource points at."""
    if "Ref" in value:
        return str(value["Ref"])
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    return str(re.findall(r"\$\{(\w+)", value["Fn::Sub"])[0])


def mappings(function: str) -> dict[str, Json]:
    """The event-source mappings of a function by the logical id they read from."""
    found = of_type("AWS::Lambda::EventSourceMapping").values()
    return {target(each["EventSourceArn"]): each for each in found if target(each["FunctionName"]) == function}
