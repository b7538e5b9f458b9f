"""From the template to what local mode connects: makes resources, resolves everything, refuses what it cannot carry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import identity, mappings, resources, routes
from local.description import Description, Function
from local.errors import TemplateError
from local.intrinsics import text
from local.lookup import Lookup, refuse_unknown
from local.resources import Found
from local.template import ACCOUNT, REGION, STACK, Template

FUNCTION = "AWS::Lambda::Function"
CARRIED = {
    FUNCTION,
    *resources.NAME_KEYS,
    identity.POOL,
    identity.CLIENT,
    identity.GROUP,
    mappings.MAPPING,
    mappings.RULE,
    mappings.SCHEDULE,
    routes.API,
    routes.STAGE,
}
# Who may do what, where logs go and who is told: none of it changes what a request or a message leads to.
WITHOUT_EFFECT = {
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Permission",
    "AWS::Lambda::LayerVersion",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::Subscription",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}
FUNCTION_KEYS = {
    "Code",
    "Handler",
    "Runtime",
    "FunctionName",
    "Timeout",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Environment",
    # Without effect on one machine:
    "Architectures",
    "Description",
    "EphemeralStorage",
    "Layers",
    "LoggingConfig",
    "RecursiveLoop",
    "Role",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "TracingConfig",
}
READ = ("Handler", "Runtime", "Timeout", "MemorySize", "ReservedConcurrentExecutions", "Environment")


def describe(template: Template, address: str) -> Description:
    """Makes what is missing in the emulator and returns what to connect. `address` is the gateway's URL."""
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in CARRIED | WITHOUT_EFFECT:
            raise TemplateError(logical_id, f"{resource['Type']} is not supported in local mode")
    found = {**resources.provision(template), **_names(template, address)}
    pool = identity.provision(template, found)
    functions = {name: _function(name, each, template, found) for name, each in template.of_type(FUNCTION).items()}
    lookup = Lookup(template, found, functions)
    queues, streams = mappings.read(lookup)
    paths, cors = routes.read(lookup)
    schedules = mappings.read_schedules(lookup)
    return Description(functions, paths, cors, queues, streams, schedules, pool, template.layers)


def _names(template: Template, address: str) -> Found:
    """What Ref and GetAtt give for functions and the API: they are ours, not the emulator's."""
    found: dict[str, Mapping[str, Any]] = {}
    for logical_id, properties in template.of_type(FUNCTION).items():
        name = template.intrinsics.resolve(properties.get("FunctionName", f"{STACK}-{logical_id}"), logical_id)
        found[logical_id] = {"Ref": name, "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}
    for logical_id in template.of_type(routes.API):
        found[logical_id] = {"Ref": "local", "ApiId": "local", "ApiEndpoint": address}
    return found


def _function(logical_id: str, raw: Mapping[str, Any], template: Template, found: Found) -> Function:
    refuse_unknown(logical_id, raw, FUNCTION_KEYS)
    resolver = template.intrinsics.knowing(found)
    properties = resolver.resolve({key: raw[key] for key in READ if key in raw}, logical_id)
    if not str(properties.get("Runtime", "")).startswith("python"):
        raise TemplateError(logical_id, f"runtime {properties.get('Runtime')} is not supported in local mode")
    reserved = properties.get("ReservedConcurrentExecutions")
    variables = properties.get("Environment", {}).get("Variables", {})
    return Function(
        logical_id=logical_id,
        name=found[logical_id]["Ref"],
        arn=found[logical_id]["Arn"],
        code=_code(logical_id, template),
        handler=properties["Handler"],
        timeout=int(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
        reserved=None if reserved is None else int(reserved),
        environment={str(key): text(value) for key, value in variables.items()},
    )


def _code(logical_id: str, template: Template) -> Path:
    if logical_id not in template.code:
        raise TemplateError(logical_id, "only AWS::Serverless::Function is supported in local mode")
    return template.code[logical_id]
