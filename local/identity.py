"""Makes the template's user pool, client and groups by API: the emulator's CloudFormation carries none of Cognito."""

from collections.abc import Mapping
from typing import Any

from local.clients import client
from local.description import Pool
from local.errors import TemplateError
from local.resources import Found
from local.template import ACCOUNT, REGION, STACK, Template

POOL, CLIENT, GROUP = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolGroup"


def provision(template: Template, found: Found) -> Pool | None:
    """Makes or finds the pool, its first client and its groups, adds what Ref and GetAtt give to `found`."""
    pool: tuple[str, bool] | None = None
    for logical_id, raw in template.of_type(POOL).items():
        properties = template.intrinsics.knowing(found).resolve(raw, logical_id)
        pool_id = _pool(logical_id, properties)
        found[logical_id] = _pool_attributes(pool_id)
        pool = (pool_id, "email" in properties.get("UsernameAttributes", []))
    client_ids = [_client(template, found, logical_id) for logical_id in template.of_type(CLIENT)]
    for logical_id, raw in template.of_type(GROUP).items():
        _group(logical_id, template.intrinsics.knowing(found).resolve(raw, logical_id))
    return Pool(pool[0], client_ids[0], pool[1]) if pool and client_ids else None


def _pool_attributes(pool_id: str) -> dict[str, str]:
    provider = f"cognito-idp.{REGION}.amazonaws.com/{pool_id}"
    arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool_id}"
    urls = {"ProviderName": provider, "ProviderURL": f"https://{provider}"}
    return {"Ref": pool_id, "UserPoolId": pool_id, "Arn": arn, **urls}


def _pool(logical_id: str, properties: Mapping[str, Any]) -> str:
    cognito, name = client("cognito-idp"), f"{STACK}-{logical_id}"
    request = {key: each for key, each in properties.items() if key not in ("UserPoolName", "LambdaConfig")}
    if properties.get("LambdaConfig"):
        raise TemplateError(logical_id, "LambdaConfig (triggers) is not supported in local mode")
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        if pool["Name"] == name:
            return pool["Id"]
    shaped = _shaped(logical_id, "CreateUserPool", {**request, "PoolName": name})
    return cognito.create_user_pool(**shaped)["UserPool"]["Id"]


def _client(template: Template, found: Found, logical_id: str) -> str:
    properties = template.intrinsics.knowing(found).resolve(template.of_type(CLIENT)[logical_id], logical_id)
    cognito, name = client("cognito-idp"), properties.get("ClientName", f"{STACK}-{logical_id}")
    request = {**properties, "ClientName": name}
    listed = cognito.list_user_pool_clients(UserPoolId=properties["UserPoolId"], MaxResults=60)["UserPoolClients"]
    known = [each["ClientId"] for each in listed if each["ClientName"] == name]
    if known:
        changeable = {key: each for key, each in request.items() if key != "GenerateSecret"}
        shaped = _shaped(logical_id, "UpdateUserPoolClient", {**changeable, "ClientId": known[0]})
        cognito.update_user_pool_client(**shaped)
        client_id = known[0]
    else:
        made = cognito.create_user_pool_client(**_shaped(logical_id, "CreateUserPoolClient", request))
        client_id = made["UserPoolClient"]["ClientId"]
    found[logical_id] = {"Ref": client_id, "ClientId": client_id}
    return client_id


def _group(logical_id: str, properties: Mapping[str, Any]) -> None:
    cognito = client("cognito-idp")
    listed = cognito.list_groups(UserPoolId=properties["UserPoolId"], Limit=60)["Groups"]
    if properties["GroupName"] not in {group["GroupName"] for group in listed}:
        cognito.create_group(**_shaped(logical_id, "CreateGroup", properties))


def _shaped(logical_id: str, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's properties as the API's arguments: same names, but numbers and booleans may come as strings."""
    model: Any = client("cognito-idp").meta.service_model.operation_model(operation)
    members = model.input_shape.members
    unknown = sorted(set(properties) - set(members))
    if unknown:
        raise TemplateError(logical_id, f"{', '.join(unknown)} is not supported in local mode")
    return {key: _typed(members[key], each) for key, each in properties.items()}


def _typed(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {key: _typed(shape.members[key], each) for key, each in value.items()}
    if shape.type_name == "list":
        return [_typed(shape.member, each) for each in value]
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name == "boolean":
        return value if isinstance(value, bool) else value == "true"
    return value
