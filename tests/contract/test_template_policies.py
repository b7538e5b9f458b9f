"""What the functions may do: exactly what they need, with AWS's names for everything that has one."""

import json
from collections.abc import Iterator

import pytest

from local import template
from tests.contract.cloudformation import (
    DEAD_LETTER_QUEUES,
    FUNCTIONS,
    QUEUES,
    ROOT,
    Json,
    listed,
    of_type,
    properties,
    target,
)


def statements(role: Json) -> Iterator[Json]:
    for policy in role.get("Policies", []):
        yield from listed(policy["PolicyDocument"]["Statement"])


def allowed(function: str) -> set[tuple[str, str]]:
    """(action, logical id) of everything that a function's role permits."""
    return {
        (action, target(resource))
        for each in statements(properties(target(properties(function)["Role"])))
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def test_functions_have_roles_of_their_own_without_managed_policies() -> None:
    functions = of_type("AWS::Lambda::Function")
    roles = [target(each["Role"]) for each in functions.values()]
    assert len(set(roles)) == len(functions) == len(FUNCTIONS)
    assert set(of_type("AWS::IAM::Role")) == set(roles)
    assert not [role for role in roles if "ManagedPolicyArns" in properties(role)]


def test_no_policy_has_a_wildcard() -> None:
    """Only below a resource of our own may one end in `/*`: objects of the bucket, streams of the table."""
    folders = {f"${{Bucket.Arn}}/{folder}*" for folder in ("", "steps/", "products/", "products/*/media/", "config/")}
    below = {*folders, "${Table.Arn}/stream/*"}
    for role in of_type("AWS::IAM::Role").values():
        for each in statements(role):
            assert not [action for action in listed(each["Action"]) if "*" in action]
            starred = {text for text in map(json.dumps, listed(each["Resource"])) if "*" in text}
            assert starred <= {json.dumps({"Fn::Sub": text}) for text in below}


def test_worker_cannot_send_messages() -> None:
    assert not [action for action, _ in allowed("WorkerFunction") if action.startswith("sqs:Send")]


@pytest.mark.parametrize(
    ("function", "queues"), [("WorkerFunction", QUEUES), ("DeadLettersFunction", DEAD_LETTER_QUEUES)]
)
def test_readers_of_queues_may_read_delete_and_give_back(function: str, queues: tuple[str, ...]) -> None:
    actions = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
    wanted = {(f"sqs:{action}", queue) for action in actions for queue in queues}
    assert wanted == {each for each in allowed(function) if each[0].startswith("sqs:")}


@pytest.mark.parametrize("function", ["ApiFunction", "DispatcherFunction", "JanitorFunction"])
def test_callers_of_dispatch_may_send_to_every_queue(function: str) -> None:
    assert {("sqs:SendMessage", queue) for queue in QUEUES} <= allowed(function)


def test_dispatcher_may_read_its_stream_and_hand_on_failures() -> None:
    may = allowed("DispatcherFunction")
    reading = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    assert {(f"dynamodb:{action}", "Table") for action in reading} | {("sqs:SendMessage", "StreamFailures")} <= may


def test_every_function_writes_to_its_own_log_group_with_retention() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert all("RetentionInDays" in group for group in groups.values())
    functions = of_type("AWS::Lambda::Function")
    used = {name: target(each["LoggingConfig"]["LogGroup"]) for name, each in functions.items()}
    assert len(set(used.values())) == len(functions)
    for name, group in used.items():
        assert group in groups
        assert functions[name]["LoggingConfig"]["LogFormat"] == "JSON"
        wanted = {("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}
        assert {each for each in allowed(name) if each[0].startswith("logs:")} == wanted


# ── Providers' keys ───────────────────────────────────────────────────────────────────────────────────────────────────

KEY = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${%s}"


def test_without_the_name_of_a_key_nobody_may_read_one() -> None:
    assert of_type("AWS::IAM::Policy") == {}


@pytest.mark.parametrize("parameter", ["OpenAIKeyParameter", "GeminiKeyParameter"])
def test_only_the_worker_may_read_a_key_and_only_that_one(parameter: str) -> None:
    """And decrypt it, where the store encrypts with a key of the account's own: through the store, that parameter."""
    given = template.load(ROOT / "template.yaml", {parameter: "/penstock/prod/key"}).resources
    (policy,) = (each["Properties"] for each in given.values() if each["Type"] == "AWS::IAM::Policy")
    assert policy["Roles"] == [{"Ref": "WorkerRole"}]
    read, decrypt = policy["PolicyDocument"]["Statement"]
    assert (read["Action"], read["Resource"]) == ("ssm:GetParameter", {"Fn::Sub": KEY % parameter})
    assert decrypt["Action"] == "kms:Decrypt"
    assert decrypt["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "ssm.${AWS::Region}.${AWS::URLSuffix}"},
            "kms:EncryptionContext:PARAMETER_ARN": {"Fn::Sub": KEY % parameter},
        }
    }
