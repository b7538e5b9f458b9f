"""Event source mappings and schedules of the translated template, as description records."""

import json
import re
from collections.abc import Mapping
from typing import Any

from local import filters
from local.description import QueueMapping, Schedule, StreamMapping
from local.errors import TemplateError
from local.intrinsics import text
from local.lookup import Lookup, refuse_unknown
from local.resources import QUEUE, TABLE
from local.template import ACCOUNT, REGION, STACK

MAPPING = "AWS::Lambda::EventSourceMapping"
RULE, SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"
# AWS goes up to a thousand where nothing limits a mapping; one machine stands at ten.
UNLIMITED = 10
MOST_MESSAGES = 10
PARTIAL = "ReportBatchItemFailures"
EITHER = {"EventSourceArn", "FunctionName", "BatchSize", "Enabled", "FunctionResponseTypes", "FilterCriteria", "Tags"}
QUEUE_KEYS = {*EITHER, "ScalingConfig"}
STREAM_KEYS = {
    *EITHER,
    "StartingPosition",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
}
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def read(lookup: Lookup) -> tuple[tuple[QueueMapping, ...], tuple[StreamMapping, ...]]:
    """The enabled mappings. A source or a property that local mode does not carry raises TemplateError."""
    queues, streams = [], []
    for logical_id, properties in lookup.resolved(MAPPING):
        source = properties.get("EventSourceArn", "")
        if text(properties.get("Enabled", True)) != "true":
            continue
        if ":sqs:" in source:
            queues.append(_queue(logical_id, properties, lookup))
        elif ":dynamodb:" in source:
            streams.append(_stream(logical_id, properties, lookup))
        else:
            raise TemplateError(logical_id, f"event source {source or 'without an ARN'} is not supported in local mode")
    return tuple(queues), tuple(streams)


def _queue(where: str, properties: Mapping[str, Any], lookup: Lookup) -> QueueMapping:
    refuse_unknown(where, properties, QUEUE_KEYS)
    batch_size = int(properties.get("BatchSize", MOST_MESSAGES))
    if batch_size > MOST_MESSAGES:
        raise TemplateError(where, f"BatchSize above {MOST_MESSAGES} is not supported in local mode")
    arn = properties["EventSourceArn"]
    return QueueMapping(
        logical_id=where,
        function=lookup.function(where, properties["FunctionName"]).logical_id,
        queue_arn=arn,
        queue_url=lookup.resource(where, QUEUE, "Arn", arn),
        batch_size=batch_size,
        concurrency=int(properties.get("ScalingConfig", {}).get("MaximumConcurrency", UNLIMITED)),
        partial=PARTIAL in properties.get("FunctionResponseTypes", []),
        filters=filters.parse(where, properties.get("FilterCriteria")),
    )


def _stream(where: str, properties: Mapping[str, Any], lookup: Lookup) -> StreamMapping:
    refuse_unknown(where, properties, STREAM_KEYS)
    if properties.get("StartingPosition") not in ("TRIM_HORIZON", "LATEST"):
        raise TemplateError(where, "StartingPosition must be TRIM_HORIZON or LATEST")
    function, arn = lookup.function(where, properties["FunctionName"]), properties["EventSourceArn"]
    return StreamMapping(
        logical_id=where,
        function=function.logical_id,
        function_arn=function.arn,
        table=lookup.resource(where, TABLE, "StreamArn", arn),
        stream_arn=arn,
        batch_size=int(properties.get("BatchSize", 100)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        starts_at=properties["StartingPosition"],
        filters=filters.parse(where, properties.get("FilterCriteria")),
        retries=_limit(properties.get("MaximumRetryAttempts", -1)),
        max_age=_limit(properties.get("MaximumRecordAgeInSeconds", -1)),
        bisect=text(properties.get("BisectBatchOnFunctionError", False)) == "true",
        partial=PARTIAL in properties.get("FunctionResponseTypes", []),
        on_failure=_on_failure(where, properties, lookup),
    )


def _limit(value: Any) -> int | None:
    return None if int(value) < 0 else int(value)


def _on_failure(where: str, properties: Mapping[str, Any], lookup: Lookup) -> str | None:
    destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if destination is None:
        return None
    if ":sqs:" not in destination or destination.endswith(".fifo"):
        raise TemplateError(where, f"OnFailure destination {destination} must be a standard queue")
    return lookup.resource(where, QUEUE, "Arn", destination)


def read_schedules(lookup: Lookup) -> tuple[Schedule, ...]:
    """The enabled schedules, of both services that SAM uses for them."""
    schedules: list[Schedule] = []
    for logical_id, properties in lookup.resolved(RULE):
        targets = properties.get("Targets", [])
        schedules += [_schedule(logical_id, "events", properties, target, lookup) for target in targets]
    for logical_id, properties in lookup.resolved(SCHEDULE):
        schedules.append(_schedule(logical_id, "scheduler", properties, properties["Target"], lookup))
    disabled = {name for name, each in lookup.resolved(RULE, SCHEDULE) if each.get("State", "ENABLED") != "ENABLED"}
    return tuple(schedule for schedule in schedules if schedule.logical_id not in disabled)


def _schedule(
    where: str, service: str, properties: Mapping[str, Any], target: Mapping[str, Any], lookup: Lookup
) -> Schedule:
    refuse_unknown(where, target, ("Arn", "Id", "Input", "RetryPolicy", "DeadLetterConfig"))
    given = target.get("Input")
    return Schedule(
        logical_id=where,
        function=lookup.function(where, target["Arn"]).logical_id,
        rule_arn=f"arn:aws:{service}:{REGION}:{ACCOUNT}:rule/{STACK}-{where}",
        source=f"aws.{service}",
        period=_period(where, properties.get("ScheduleExpression", "")),
        event=None if given is None else json.loads(given),
    )


def _period(where: str, expression: str) -> float:
    rate = re.fullmatch(r"rate\((\d+) (second|minute|hour|day)s?\)", expression.strip())
    if rate is None:
        raise TemplateError(where, f"ScheduleExpression {expression!r}: only rate(...) is supported in local mode")
    return float(int(rate[1]) * SECONDS[rate[2]])
