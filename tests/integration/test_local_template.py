"""Local mode says what the template says: each edit of a copy changes it, and what cannot be carried out is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from local import invoke, template
from local.describe import describe
from local.description import Description
from local.emulator import Emulator
from local.errors import LocalError, TemplateError
from local.routing import Router

TOY = Path(__file__).parent / "toy"
QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:penstock-Queue.fifo"

Describe = Callable[..., Description]


@pytest.fixture
def described(tmp_path: Path) -> Iterator[Describe]:
    """Describes a copy of the toy template after the given replacements, with the given parameters."""
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "template.yaml"

    def run(*replacements: tuple[str, str], **parameters: str) -> Description:
        text = (TOY / "template.yaml").read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
        return describe(template.load(path, parameters), "http://127.0.0.1:8000")

    with Emulator(port=None):
        yield run


def test_functions_carry_what_the_template_gives_them(described: Describe) -> None:
    functions = described().functions
    worker = functions["WorkerFunction"]
    assert set(functions) == {"AuthorizerFunction", "ApiFunction", "WorkerFunction", "ReaderFunction"}
    assert (worker.handler, worker.timeout, worker.memory, worker.reserved) == ("worker.handler", 2, 256, None)
    assert worker.code.name == "functions"
    assert worker.arn == "arn:aws:lambda:us-east-1:123456789012:function:penstock-WorkerFunction"
    assert functions["ApiFunction"].timeout == 10


def test_the_environment_holds_the_emulators_own_names(described: Describe) -> None:
    description = described(Greeting="hi")
    environment = description.functions["ApiFunction"].environment
    assert description.pool is not None
    assert environment["GREETING"] == "hi"
    assert environment["ISSUER"].endswith(description.pool.pool_id)
    assert environment["CLIENT_ID"] == description.pool.client_id
    boto3.client("sqs").send_message(
        QueueUrl=environment["QUEUE_URL"], MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1"
    )
    assert boto3.client("dynamodb").describe_table(TableName=environment["TABLE_NAME"])["Table"]["ItemCount"] == 0


def test_routes_authorizers_and_cors(described: Describe) -> None:
    description = described()
    routes = {route.key: route for route in description.routes}
    assert set(routes) == {
        "GET /healthz",
        "ANY /any/{proxy+}",
        "GET /any/{id}",
        "GET /any/fixed",
        "ANY /guarded",
        "GET /keyed",
        "GET /slow",
    }
    guarded, keyed = routes["ANY /guarded"].authorizer, routes["GET /keyed"].authorizer
    assert guarded is not None
    assert keyed is not None
    assert (guarded.function, guarded.identity_sources, guarded.ttl) == ("AuthorizerFunction", (), 0)
    assert (keyed.identity_sources, keyed.ttl) == (("$request.header.X-Key",), 60)
    assert routes["GET /healthz"].authorizer is None
    assert routes["GET /slow"].timeout == 0.1
    assert description.cors is not None
    assert description.cors.origins == ("http://localhost:3000", "https://console.example")
    assert description.cors.exposed == ("Location", "ETag")


@pytest.mark.parametrize("default_authorizer", ["", "        DefaultAuthorizer: Authorizer\n"])
def test_a_default_route_is_found_however_the_translator_spells_it(
    described: Describe, default_authorizer: str
) -> None:
    auth = ", Auth: {Authorizer: NONE}" if default_authorizer else ""
    route = f"        Rest: {{Type: HttpApi, Properties: {{ApiId: !Ref HttpApi{auth}}}}}\n"
    description = described(
        ("        Health:", f"{route}        Health:"), ("      Auth:\n", f"      Auth:\n{default_authorizer}")
    )
    found = Router(description.routes).find("DELETE", "/nowhere")
    assert found is not None
    assert (found[0].key, found[0].authorizer) == ("$default", None)


def test_mappings_and_schedules(described: Describe) -> None:
    description = described(ReadersReserved="4")
    (queue,), (stream,) = description.queues, description.streams
    assert (queue.function, queue.queue_arn, queue.batch_size) == ("WorkerFunction", QUEUE_ARN, 1)
    assert (queue.concurrency, queue.partial) == (3, True)
    assert description.functions["WorkerFunction"].reserved == 4
    assert (stream.function, stream.table, stream.batch_size) == ("ReaderFunction", "penstock-Table", 10)
    assert (stream.retries, stream.max_age, stream.bisect, stream.starts_at) == (3, 3600, True, "TRIM_HORIZON")
    assert stream.filters == ({"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "NOTE#"}]}}}},)
    assert stream.on_failure is not None
    assert stream.on_failure.endswith("penstock-Failures")
    periods = {schedule.source: (schedule.period, schedule.event) for schedule in description.schedules}
    assert periods == {"aws.events": (60, None), "aws.scheduler": (7200, {"tock": True})}


def test_resources_have_what_cloudformation_in_the_emulator_drops(described: Describe) -> None:
    described()
    queue = boto3.client("sqs").get_queue_url(QueueName="penstock-Queue.fifo")["QueueUrl"]
    held = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(held["RedrivePolicy"])
    assert (held["VisibilityTimeout"], held["DeduplicationScope"]) == ("60", "messageGroup")
    assert int(redrive["maxReceiveCount"]) == 2
    assert redrive["deadLetterTargetArn"].endswith("penstock-DeadLetters.fifo")
    ttl = boto3.client("dynamodb").describe_time_to_live(TableName="penstock-Table")["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("ttl", "ENABLED")
    (rule,) = boto3.client("s3").get_bucket_cors(Bucket="penstock-bucket")["CORSRules"]
    assert (rule["ExposeHeaders"], rule["MaxAgeSeconds"]) == (["ETag"], 60)


def test_a_second_start_finds_everything_again_and_follows_changes(described: Describe) -> None:
    first = described()
    boto3.client("dynamodb").put_item(TableName="penstock-Table", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    second = described(("VisibilityTimeout: 60", "VisibilityTimeout: 90"), ("maxReceiveCount: 2", "maxReceiveCount: 7"))
    assert second.pool == first.pool
    assert second.streams == first.streams
    held = boto3.client("sqs").get_queue_attributes(QueueUrl=second.queues[0].queue_url, AttributeNames=["All"])
    assert held["Attributes"]["VisibilityTimeout"] == "90"
    assert int(json.loads(held["Attributes"]["RedrivePolicy"])["maxReceiveCount"]) == 7
    assert boto3.client("dynamodb").scan(TableName="penstock-Table")["Count"] == 1


@pytest.mark.parametrize(
    ("removed", "count", "left"),
    [
        (
            '        Any: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Method: ANY, Path: "/any/{proxy+}"}}\n',
            "routes",
            6,
        ),
        ("            ScalingConfig: {MaximumConcurrency: 3}\n", "queues", 1),
        ("        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}\n", "schedules", 1),
    ],
)
def test_what_is_removed_from_a_copy_is_gone(described: Describe, removed: str, count: str, left: int) -> None:
    description = described((removed, ""))
    assert len(getattr(description, count)) == left
    if count == "queues":
        assert description.queues[0].concurrency == 10


def test_a_removed_mapping_and_filter_are_gone(described: Describe) -> None:
    text = (TOY / "template.yaml").read_text()
    mapping = text[text.index("      Events:\n        Messages:") : text.index("  ReaderFunction:")]
    filtering = text[text.index("            FilterCriteria:") : text.index("        Tick:")]
    description = described((mapping, ""), (filtering, ""))
    assert description.queues == ()
    assert description.streams[0].filters == ()


def test_a_disabled_mapping_or_schedule_is_left_out(described: Describe) -> None:
    description = described(
        ("            BatchSize: 1\n", "            BatchSize: 1\n            Enabled: false\n"),
        ("Schedule: rate(1 minute)}", "Schedule: rate(1 minute), Enabled: false}"),
    )
    assert description.queues == ()
    assert len(description.schedules) == 1


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("Type: AWS::Logs::LogGroup", "Type: AWS::Kinesis::Stream", "^Logs: AWS::Kinesis::Stream is not supported"),
        ("rate(1 minute)", "'cron(0 12 * * ? *)'", "^ReaderFunctionTick: ScheduleExpression 'cron"),
        (
            "            BatchSize: 10\n",
            "            BatchSize: 10\n            ParallelizationFactor: 2\n",
            "^ReaderFunctionChanges: Par",
        ),
        ("            BatchSize: 1\n", "            BatchSize: 11\n", "^WorkerFunctionMessages: BatchSize above 10"),
        ('[{"prefix": "NOTE#"}]', '[{"cidr": "10.0.0.0/8"}]', "^ReaderFunctionChanges: filter pattern"),
        ("Runtime: python3.13", "Runtime: nodejs22.x", "^AuthorizerFunction: runtime nodejs22.x"),
        ("CodeUri: functions/", "CodeUri: s3://bucket/key.zip", "CodeUri must be"),
        ("EnableSimpleResponses: true", "EnableSimpleResponses: false", "authorizers must be of type REQUEST"),
        ("Ref Greeting", "ImportValue Greeting", "^AuthorizerFunction: Fn::ImportValue is not supported"),
        ("Type: Number, Default: 0", "Type: Number", "^ReadersReserved: parameter without a default"),
        ("!GetAtt Failures.Arn", "!GetAtt DeadLetters.Arn", "must be a standard queue"),
        ("{PasswordPolicy: {MinimumLength: 12}}", "{}\n      LambdaConfig: {PreSignUp: x}", "^UserPool: LambdaConfig"),
    ],
)
def test_what_local_mode_cannot_carry_out_is_an_error_naming_the_logical_id(
    described: Describe, old: str, new: str, named: str
) -> None:
    with pytest.raises(TemplateError, match=named):
        described((old, new))


def test_changed_keys_of_a_kept_table_name_the_remedy(described: Describe) -> None:
    described()
    with pytest.raises(TemplateError, match=r"^Table: keys or indexes changed.*FRESH=1"):
        described(("{AttributeName: sk, KeyType: RANGE}", "{AttributeName: other, KeyType: RANGE}"))


def test_unknown_parameters_are_refused(described: Describe) -> None:
    with pytest.raises(LocalError, match="PARAMETERS names Salutation"):
        described(Salutation="hi")


@pytest.mark.parametrize(("text", "named"), [("Resources: [", "is not YAML"), ("a: 1", "holds no Resources")])
def test_a_file_that_is_no_template_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(LocalError, match=f"broken.yaml.*{named}"):
        template.load(path, {})
    with pytest.raises(LocalError, match=r"absent.yaml.*TEMPLATE"):
        template.load(tmp_path / "absent.yaml", {})


def test_one_variable_with_two_values_is_refused(described: Describe) -> None:
    own = "      Timeout: 2\n      Environment: {Variables: {GREETING: other}}\n"
    description = described(("      Timeout: 2\n", own))
    with pytest.raises(LocalError, match=r"GREETING is 'hello' for .* and 'other' for WorkerFunction"):
        invoke.environment(description.functions)


@pytest.mark.parametrize(
    ("handler", "named"), [("absent.handler", "there is no .*absent.py"), ("worker.absent", "has no function absent")]
)
def test_a_handler_that_does_not_exist_is_named(described: Describe, handler: str, named: str) -> None:
    description = described(("Handler: worker.handler", f"Handler: {handler}"))
    with pytest.raises(TemplateError, match=f"^WorkerFunction: .*{named}"):
        invoke.load(description.functions, description.layers)


def test_layers_with_a_python_folder_are_importable(described: Describe, tmp_path: Path) -> None:
    layer = "  Logs:\n"
    added = "  Extra: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: extra}}\n  Logs:\n"
    description = described((layer, added))
    assert description.layers == (tmp_path / "extra" / "python",)
