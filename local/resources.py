"""Makes the template's table, queues and bucket in the emulator, through CloudFormation; says what Ref and GetAtt give.

Names follow from logical ids, so that a restored state is found again: what is there is brought in line, the rest made.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from local.clients import client
from local.errors import TemplateError
from local.intrinsics import Intrinsics, text
from local.template import ACCOUNT, REGION, STACK, Template

TABLE, QUEUE, BUCKET = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket"
NAME_KEYS = {TABLE: "TableName", QUEUE: "QueueName", BUCKET: "BucketName"}
# Properties the emulator's CloudFormation drops and this module sets by API, or that change nothing on one machine.
QUEUE_ATTRIBUTES = (
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "ContentBasedDeduplication",
    "RedrivePolicy",
)

Found = dict[str, Mapping[str, Any]]


def provision(template: Template) -> Found:
    """Makes or updates every table, queue and bucket; their Ref and GetAtt values by logical id."""
    names = {logical_id: _name(logical_id, each, template.intrinsics) for logical_id, each in _kept(template).items()}
    found: Found = {logical_id: _known(_kept(template)[logical_id]["Type"], name) for logical_id, name in names.items()}
    resolver = template.intrinsics.knowing(found)
    wanted = {name: _resolved(name, each, names[name], resolver) for name, each in _kept(template).items()}
    _create({name: each for name, each in wanted.items() if not _exists(each)})
    for logical_id, resource in wanted.items():
        found[logical_id] = {**found[logical_id], **ALIGN[resource["Type"]](logical_id, resource["Properties"])}
    return found


def _kept(template: Template) -> dict[str, Mapping[str, Any]]:
    return {name: each for name, each in template.resources.items() if each["Type"] in NAME_KEYS}


def _name(logical_id: str, resource: Mapping[str, Any], resolver: Intrinsics) -> str:
    properties = resource.get("Properties", {})
    given = properties.get(NAME_KEYS[resource["Type"]])
    if given is not None:
        return str(resolver.resolve(given, logical_id))
    if resource["Type"] == BUCKET:
        return f"{STACK}-{logical_id}".lower()
    return f"{STACK}-{logical_id}" + (".fifo" if text(properties.get("FifoQueue", "")) == "true" else "")


def _known(kind: str, name: str) -> dict[str, Any]:
    if kind == TABLE:
        return {"Ref": name, "Arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"}
    if kind == QUEUE:
        url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        return {"Ref": url, "QueueUrl": url, "QueueName": name, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}
    domain = f"{name}.s3.{REGION}.amazonaws.com"
    return {"Ref": name, "Arn": f"arn:aws:s3:::{name}", "DomainName": domain, "RegionalDomainName": domain}


def _resolved(logical_id: str, resource: Mapping[str, Any], name: str, resolver: Intrinsics) -> dict[str, Any]:
    properties = resolver.resolve(resource.get("Properties", {}), logical_id)
    return {"Type": resource["Type"], "Properties": {**properties, NAME_KEYS[resource["Type"]]: name}}


def _exists(resource: Mapping[str, Any]) -> bool:
    properties = resource["Properties"]
    if resource["Type"] == TABLE:
        return properties["TableName"] in client("dynamodb").list_tables()["TableNames"]
    if resource["Type"] == QUEUE:
        listed = client("sqs").list_queues(QueueNamePrefix=properties["QueueName"]).get("QueueUrls", [])
        return any(url.rsplit("/", 1)[1] == properties["QueueName"] for url in listed)
    return properties["BucketName"] in {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}


def _create(resources: Mapping[str, Mapping[str, Any]]) -> None:
    if not resources:
        return
    # What others refer to comes first: the references are resolved already, so the emulator sees no order in them.
    resources = dict(sorted(resources.items(), key=lambda named: "RedrivePolicy" in named[1]["Properties"]))
    name = f"{STACK}-{uuid.uuid4().hex[:8]}"
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    made = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    if made["StackStatus"] != "CREATE_COMPLETE":
        raise TemplateError(", ".join(resources), f"the emulator answers {made['StackStatus']}")


def _align_table(logical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    name = properties["TableName"]
    table = client("dynamodb").describe_table(TableName=name)["Table"]
    if _shape(table) != _shape(properties):
        raise TemplateError(
            logical_id, "keys or indexes changed since this state was made; start empty with FRESH=1, or set STATE"
        )
    ttl = properties.get("TimeToLiveSpecification")
    held = client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl and held.get("TimeToLiveStatus") != "ENABLED":
        client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    return {"StreamArn": table["LatestStreamArn"]} if "LatestStreamArn" in table else {}


def _shape(table: Mapping[str, Any]) -> tuple[Any, ...]:
    indexes = [(each["IndexName"], each["KeySchema"]) for each in table.get("GlobalSecondaryIndexes", [])]
    return table["KeySchema"], sorted(indexes), table.get("StreamSpecification", {}).get("StreamViewType")


def _align_queue(_logical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=properties["QueueName"])["QueueUrl"]
    wanted = {key: _attribute(properties[key]) for key in QUEUE_ATTRIBUTES if key in properties}
    held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    changed = {key: value for key, value in wanted.items() if not _same(value, held.get(key))}  # type: ignore[call-overload]
    if changed:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)  # type: ignore[arg-type]
    return {"Ref": url, "QueueUrl": url}


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else text(value)


def _same(wanted: str, held: str | None) -> bool:
    if held is None or not wanted.startswith("{"):
        return wanted == held
    return {key: text(each) for key, each in json.loads(wanted).items()} == {
        key: text(each) for key, each in json.loads(held).items()
    }


def _align_bucket(_logical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    s3, name = client("s3"), properties["BucketName"]
    if "CorsConfiguration" in properties:
        rules = [_cors_rule(rule) for rule in properties["CorsConfiguration"]["CorsRules"]]
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})  # type: ignore[typeddict-item]
    if "VersioningConfiguration" in properties:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    if "PublicAccessBlockConfiguration" in properties:
        block = {key: text(each) == "true" for key, each in properties["PublicAccessBlockConfiguration"].items()}
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)  # type: ignore[arg-type]
    return {}


def _cors_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation and the S3 API spell three members differently."""
    spelling = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {spelling.get(key, key): each for key, each in rule.items()}


ALIGN = {TABLE: _align_table, QUEUE: _align_queue, BUCKET: _align_bucket}
