"""Objects of the emulator: bytes in, the same bytes out, and nothing held on to."""

import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.model_instances import model_data
from moto.s3.models import s3_backends

from local.emulator import Emulator

REGION = "us-east-1"


@pytest.fixture
def s3() -> Iterator[Any]:
    with Emulator(port=None):
        client: Any = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="bucket")
        yield client


def test_an_object_comes_back_with_its_bytes_type_and_tag(s3: Any) -> None:
    put = s3.put_object(Bucket="bucket", Key="a/ü b", Body=b"\x00text", ContentType="text/x", Metadata={"who": "me"})
    got = s3.get_object(Bucket="bucket", Key="a/ü b")
    assert got["Body"].read() == b"\x00text"
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/x", {"who": "me"}, put["ETag"])
    part = s3.get_object(Bucket="bucket", Key="a/ü b", Range="bytes=1-3")
    assert part["Body"].read() == b"tex"


def test_only_one_of_many_creates_a_key_that_must_not_exist(s3: Any) -> None:
    made: list[int] = []
    refused: list[str] = []

    def create(number: int) -> None:
        try:
            s3.put_object(Bucket="bucket", Key="once", Body=str(number).encode(), IfNoneMatch="*")
            made.append(number)
        except ClientError as error:
            refused.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns in the middle of everything
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(usual)
    assert s3.get_object(Bucket="bucket", Key="once")["Body"].read() == str(made[0]).encode()
    assert (len(made), refused) == (1, ["PreconditionFailed"] * 7)


def test_parts_become_one_object(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="bucket", Key="big")["UploadId"]
    where = {"Bucket": "bucket", "Key": "big", "UploadId": upload}
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**where, PartNumber=n, Body=body)["ETag"]}
        for n, body in ((1, b"x" * 5_242_880), (2, b"end"))
    ]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket="bucket", Key="big")["Body"].read()[-4:] == b"xend"


def tracked() -> int:
    """How many things moto holds on to for its dashboard."""
    return sum(
        len(getattr(model, "instances_tracked", [])) for models in model_data.values() for model in models.values()
    )


def test_what_is_deleted_is_let_go(s3: Any) -> None:
    before = tracked()
    s3.put_object(Bucket="bucket", Key="gone", Body=b"x")
    kept = weakref.ref(s3_backends["123456789012"]["aws"].buckets["bucket"].keys["gone"])
    s3.delete_object(Bucket="bucket", Key="gone")
    gc.collect()
    assert kept() is None
    assert tracked() == before
