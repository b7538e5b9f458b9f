"""The template, translated by AWS's own SAM translator, held against what the design promises."""

import json

import pytest

from tests.contract.cloudformation import (
    DEAD_LETTER_QUEUES,
    QUEUES,
    default,
    mappings,
    of_type,
    properties,
    resources,
    source,
    target,
)

DAY = 24 * 60 * 60
FORTNIGHT = 14
GATEWAY_SECONDS = 30
ENOUGH_RECEIVES = 10
MOST_RETRIES = 100
MOST_READERS = 2


# ── Queues, stream, schedule ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", QUEUES)
def test_queue_is_fast_fifo_and_patient(name: str) -> None:
    queue = properties(name)
    assert queue["FifoQueue"] is True
    assert (queue["FifoThroughputLimit"], queue["DeduplicationScope"]) == ("perMessageGroupId", "messageGroup")
    assert not queue.get("ContentBasedDeduplication")
    assert default(queue["VisibilityTimeout"]) >= properties("WorkerFunction")["Timeout"] + 60
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= ENOUGH_RECEIVES
    assert target(queue["RedrivePolicy"]["deadLetterTargetArn"]) == name.replace("Queue", "DeadLetterQueue")


def test_visibility_can_never_be_set_below_what_the_worker_needs() -> None:
    limits = source()["Parameters"]["VisibilitySeconds"]
    assert limits["MinValue"] >= properties("WorkerFunction")["Timeout"] + 60
    assert limits["MaxValue"] <= 12 * 60 * 60
    assert source()["Globals"]["Function"]["Environment"]["Variables"]["VISIBILITY_SECONDS"] == {
        "Ref": "VisibilitySeconds"
    }


@pytest.mark.parametrize("name", DEAD_LETTER_QUEUES)
def test_dead_letter_queue_is_fifo_and_fits_its_handler(name: str) -> None:
    queue = properties(name)
    assert queue["FifoQueue"] is True
    assert "RedrivePolicy" not in queue
    assert queue["VisibilityTimeout"] >= 6 * properties("DeadLettersFunction")["Timeout"]


def test_every_queue_keeps_messages_for_two_weeks() -> None:
    queues = of_type("AWS::SQS::Queue")
    assert set(queues) == {*QUEUES, *DEAD_LETTER_QUEUES, "StreamFailures"}
    assert {each["MessageRetentionPeriod"] for each in queues.values()} == {FORTNIGHT * DAY}


@pytest.mark.parametrize(
    ("function", "queues"), [("WorkerFunction", QUEUES), ("DeadLettersFunction", DEAD_LETTER_QUEUES)]
)
def test_queue_mappings_take_one_message_and_report_failures(function: str, queues: tuple[str, ...]) -> None:
    found = mappings(function)
    assert set(found) == set(queues)
    for mapping in found.values():
        assert mapping["BatchSize"] == 1
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert "MaximumConcurrency" in mapping["ScalingConfig"]


def test_concurrency_of_the_queues_stays_within_what_is_reserved() -> None:
    found = mappings("WorkerFunction").values()
    shares = [default(mapping["ScalingConfig"]["MaximumConcurrency"]) for mapping in found]
    assert sum(shares) <= source()["Parameters"]["WorkerReservedConcurrency"]["Default"]
    reserved = properties("WorkerFunction")["ReservedConcurrentExecutions"]["Fn::If"]
    assert reserved == ["ReservesWorkers", {"Ref": "WorkerReservedConcurrency"}, {"Ref": "AWS::NoValue"}]


def test_stream_mapping_is_bounded_and_hands_on_what_it_gives_up() -> None:
    mapping = mappings("DispatcherFunction")["Table"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < mapping["MaximumRetryAttempts"] <= MOST_RETRIES
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < DAY
    assert target(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "StreamFailures"


def test_stream_filters_pass_jobs_and_items_waiting_at_a_later_stage() -> None:
    filters = mappings("DispatcherFunction")["Table"]["FilterCriteria"]["Filters"]
    assert [json.loads(each["Pattern"])["dynamodb"] for each in filters] == [
        {"Keys": {"sk": {"S": [{"prefix": "JOB#"}]}}},
        {
            "Keys": {"sk": {"S": [{"prefix": "ITEM#"}]}},
            "NewImage": {"status": {"S": ["queued"]}, "stage": {"N": [{"anything-but": ["0"]}]}},
        },
    ]


def test_at_most_two_functions_read_the_stream() -> None:
    found = of_type("AWS::Lambda::EventSourceMapping").values()
    assert 1 <= len([each for each in found if target(each["EventSourceArn"]) == "Table"]) <= MOST_READERS


def test_janitor_comes_every_minute() -> None:
    (rule,) = of_type("AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert [target(each["Arn"]) for each in rule["Targets"]] == ["JanitorFunction"]


# ── Data ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["Table", "Bucket", "UserPool"])
def test_what_holds_data_outlives_the_stack(name: str) -> None:
    assert (resources()[name]["DeletionPolicy"], resources()[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_table_has_stream_indexes_ttl_and_recovery() -> None:
    table = properties("Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    keys = {
        "": table["KeySchema"],
        **{each["IndexName"]: each["KeySchema"] for each in table["GlobalSecondaryIndexes"]},
    }
    named = {name: [(part["AttributeName"], part["KeyType"]) for part in schema] for name, schema in keys.items()}
    assert named == {
        "": [("pk", "HASH"), ("sk", "RANGE")],
        "by_status": [("status_key", "HASH"), ("sk", "RANGE")],
        "active": [("watch", "HASH"), ("sk", "RANGE")],
    }
    assert {each["Projection"]["ProjectionType"] for each in table["GlobalSecondaryIndexes"]} == {"KEYS_ONLY"}


def test_bucket_is_private_encrypted_and_forgets_steps() -> None:
    bucket = properties("Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket
    rules = {rule.get("Prefix", ""): rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["steps/"]["ExpirationInDays"] >= FORTNIGHT, (
        "a message lives that long; its steps must not die before it"
    )
    assert any("AbortIncompleteMultipartUpload" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])
    (denied,) = properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


# ── The edge ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def routes() -> dict[str, bool]:
    """Whether the authorizer is asked, by route key."""
    paths = properties("HttpApi")["Body"]["paths"]
    return {
        f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}": {"Authorizer": []}
        in operation["security"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_routes_are_those_agreed_and_all_but_the_public_ones_are_guarded() -> None:
    assert routes() == {
        "ANY /api/{proxy+}": True,
        "OPTIONS /api/{proxy+}": False,
        "GET /healthz": False,
        "GET /openapi.json": False,
        "GET /docs": False,
        "ANY /$default": False,
    }


def test_authorizer_is_asked_every_time_whatever_the_request_carries() -> None:
    scheme = properties("HttpApi")["Body"]["components"]["securitySchemes"]["Authorizer"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "request"
    assert not authorizer.get("identitySource")
    assert authorizer["authorizerResultTtlInSeconds"] == 0
    assert authorizer["authorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["enableSimpleResponses"] is True


def test_cors_takes_its_origins_from_the_parameter_and_exposes_what_clients_read() -> None:
    condition, cors, otherwise = properties("HttpApi")["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert (condition, otherwise) == ("HasOrigins", {"Ref": "AWS::NoValue"})
    assert cors["allowOrigins"] == {"Fn::Split": [",", source()["Parameters"]["AllowedOrigins"]["Default"]]}
    assert {"Location", "ETag"} <= set(cors["exposeHeaders"])
    assert {"authorization", "content-type", "idempotency-key", "if-none-match"} <= set(cors["allowHeaders"])
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(cors["allowMethods"])


def test_api_ends_before_the_gateway_gives_up() -> None:
    assert properties("ApiFunction")["Timeout"] < GATEWAY_SECONDS


def test_pool_is_by_invitation_and_its_client_keeps_no_secret() -> None:
    assert source()["Parameters"]["SelfSignUp"]["Default"] == "false"
    only = properties("UserPool")["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]
    assert only == {"Fn::If": ["InviteOnly", True, False]}
    client = properties("UserPoolClient")
    assert client["GenerateSecret"] is False
    assert set(client["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }
    assert properties("AdminsGroup")["GroupName"] == "admins"


def test_an_external_issuer_leaves_no_pool_behind() -> None:
    made = [name for name, each in resources().items() if each["Type"].startswith("AWS::Cognito::")]
    assert {resources()[name].get("Condition") for name in made} == {"OwnPool"}
