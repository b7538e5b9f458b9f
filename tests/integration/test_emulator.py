"""The emulator as a whole: in the process, on its port, and beside real HTTP."""

import importlib.metadata
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from local.emulator import Emulator, corrections

REGION = "us-east-1"


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/real"
        server.shutdown()
        thread.join()


def test_another_release_of_moto_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "5.2.6")
    with pytest.raises(corrections.WrongMoto, match=r"corrects moto 5\.2\.5, but moto 5\.2\.6 is installed"):
        Emulator(port=None).start()


def test_the_port_serves_the_state_of_the_process() -> None:
    with Emulator() as emulator:
        inside: Any = boto3.client("sqs", region_name=REGION)
        outside: Any = boto3.client(
            "sqs", region_name=REGION, endpoint_url=emulator.url, aws_access_key_id="x", aws_secret_access_key="x"
        )
        url = inside.create_queue(QueueName="plain")["QueueUrl"]
        outside.send_message(QueueUrl=url, MessageBody="hello")
        assert inside.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_real_http_still_goes_out(elsewhere: str) -> None:
    with Emulator(port=None):
        with urllib.request.urlopen(elsewhere) as answer:  # noqa: S310  # this is what must go out
            assert answer.read() == b"/real"
        assert requests.get(elsewhere, timeout=5).content == b"/real"


def test_presigned_urls_work_on_the_port() -> None:
    with Emulator() as emulator:
        s3: Any = boto3.client("s3", region_name=REGION, endpoint_url=emulator.url)
        s3.create_bucket(Bucket="bucket")
        url = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "k"})
        assert requests.put(url, data=b"body", timeout=5).status_code == 200
        inside: Any = boto3.client("s3", region_name=REGION)
        assert inside.get_object(Bucket="bucket", Key="k")["Body"].read() == b"body"
        signed = inside.generate_presigned_post("bucket", "p", Conditions=[["content-length-range", 1, 10]])
        assert {"policy", "key"} <= signed["fields"].keys()


def test_state_does_not_leak_from_one_emulator_to_the_next() -> None:
    with Emulator(port=None):
        boto3.client("sqs", region_name=REGION).create_queue(QueueName="plain")
    with Emulator(port=None):
        assert "QueueUrls" not in boto3.client("sqs", region_name=REGION).list_queues()


def test_an_error_is_the_same_in_the_process_and_on_the_port() -> None:
    with Emulator() as emulator:
        for address in (None, emulator.url):
            client: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=address)
            with pytest.raises(ClientError, match="ResourceNotFoundException"):
                client.describe_table(TableName="none")


def test_a_taken_port_is_an_error_and_leaves_boto3_alone() -> None:
    with Emulator() as emulator:
        with pytest.raises(OSError, match="in use"):
            Emulator(port=emulator.port).start()
        boto3.client("sqs", region_name=REGION).create_queue(QueueName="plain")


def test_an_emulator_without_a_port_has_none() -> None:
    with Emulator(port=None) as emulator, pytest.raises(ValueError, match="port=0"):
        _ = emulator.url
