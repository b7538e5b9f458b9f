"""The way from boto3 into moto and back, without what costs most and decides nothing.

What AWS does: it is another machine; its work is not this process's.
What moto 5.2.5 does, per call: matches the URL against the patterns of 170 services and builds the service's own anew;
lists the handler's methods by inspection; draws a request id letter by letter; looks for each of the ten possible
types of every attribute value under six possible names (GetItem of 30 attributes: 2 ms of 2.7); has botocore compute a
signature that nothing checks. And it does not know the host under which boto3 asks for a stream (404).
Why Penstock needs it: local mode does the work of all functions and of AWS on one core, at 40 items a second.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import moto.backend_index
import moto.core.responses
from botocore.awsrequest import AWSPreparedRequest
from botocore.signers import RequestSigner
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber
from moto.core.parse import BaseJSONParser
from moto.core.request import normalize_request
from moto.core.serialize import BaseJSONSerializer, ResponseSerializer
from moto.core.utils import method_names_from_class

from local.emulator.freezing import backends
from local.emulator.patching import replace

SERVICES = {"dynamodb", "dynamodbstreams", "sqs", "s3", "cognito-idp"}
UNSIGNED = {"dynamodb", "sqs"}  # not s3: its signature also says how the body is encoded
ACCOUNT_STREAMS = re.compile(r"^\d+\.streams-ddb\.")  # where boto3 looks for a stream whose ARN it was given
SCALARS = {"S", "N", "BOOL", "NULL", "SS", "NS"}
Route = tuple[re.Pattern[str], Callable[..., Any]]

_moto_process = BotocoreStubber.process_request
_moto_sign = RequestSigner.sign
_moto_serialize = BaseJSONSerializer.__dict__["_serialize_type_structure"]
_moto_parse = BaseJSONParser.__dict__["_parse_structure"]
_moto_get_value = ResponseSerializer.get_value


@lru_cache(maxsize=200)
def _routes(origin: str) -> tuple[Route, ...]:
    """The routes of the service at this origin, in moto's order; none if it is not one that Penstock uses."""
    for service, pattern in moto.backend_index.backend_url_patterns:
        if pattern.match(origin + "/"):
            if service not in SERVICES:
                return ()
            found = backends(service)["123456789012"]
            urls = found["us-east-1" if "us-east-1" in found else "aws"].urls
            return tuple((re.compile(url), method) for url, method in urls.items())
    return ()


def _process(self: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    parts = urlsplit(request.url)
    origin = f"{parts.scheme}://{ACCOUNT_STREAMS.sub('streams.dynamodb.', parts.netloc)}"
    clean = origin + parts.path
    for pattern, method in _routes(origin) if parts.netloc.endswith(".amazonaws.com") else ():
        if pattern.match(clean):
            normal = normalize_request(request)
            return method(normal, normal.raw_url, normal.headers)
    return _moto_process(self, request)


def _sign(self: Any, operation_name: str, request: Any, *more: Any, **options: Any) -> None:
    """In-process calls name who calls and where, as moto reads it; presigned URLs are signed as ever."""
    kind = more[1] if len(more) > 1 else options.get("signing_type", "standard")
    aside = self._signing_name not in UNSIGNED or ".amazonaws.com" not in request.url
    if not botocore_stubber.enabled or kind != "standard" or aside:
        _moto_sign(self, operation_name, request, *more, **options)
        return
    key = self._credentials.access_key if self._credentials else "FOOBARKEY"
    scope = f"{key}/20000101/{self._region_name}/{self._signing_name}/aws4_request"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"


def _request_id(headers: dict[str, str] | None = None) -> str:
    number = f"{uuid4().hex}{uuid4().hex}"[:52].upper()
    if headers is not None:
        headers["x-amzn-requestid"] = number
    return number


def _serialize(self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and key and isinstance(value, dict) and _plain(value):
        serialized[key] = value
    else:
        _moto_serialize(self, serialized, value, shape, key)


def _parse(self: BaseJSONParser, shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue" and isinstance(value, dict) and _plain(value):
        return value
    return _moto_parse(self, shape, value)


def _plain(value: Any) -> bool:
    """Whether the attribute value looks on the wire as it does in memory: no binary in it, and well formed."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind in SCALARS:
        return content is not None
    if kind == "L":
        return isinstance(content, list) and all(map(_plain, content))
    return kind == "M" and isinstance(content, dict) and all(map(_plain, content.values()))


def _get_value(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
    if type(value) is dict and key in value:
        return value[key]
    return _moto_get_value(self, value, key, shape)


def apply() -> None:
    replace(BotocoreStubber, "process_request", _process)
    replace(RequestSigner, "sign", _sign)
    replace(BaseJSONSerializer, "_serialize_type_structure", _serialize)
    replace(BaseJSONParser, "_parse_structure", _parse)
    replace(ResponseSerializer, "get_value", _get_value)
    replace(moto.core.responses, "method_names_from_class", lru_cache(maxsize=None)(method_names_from_class))
    replace(moto.core.responses, "gen_amzn_requestid_long", _request_id)
