"""A Penstock of its own to measure: local mode as a process, and users who talk to it over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

ROOT = Path(__file__).parent.parent
PASSWORD = "Bench-only-1"


class User:
    """One signed-in user with a connection that is kept open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        reply = self._reply(method, path, json.dumps(body) if body is not None else None)
        answer = json.loads(reply.read() or b"null")
        if reply.status >= 400:
            raise RuntimeError(f"{method} {path}: {reply.status} {answer}")
        return answer

    def _reply(self, method: str, path: str, body: str | None) -> http.client.HTTPResponse:
        """Once more where the server closed a connection that had stood idle."""
        try:
            self._connection.request(method, path, body, self._headers)
            return self._connection.getresponse()
        except http.client.RemoteDisconnected:
            self._connection.close()
            self._connection.request(method, path, body, self._headers)
            return self._connection.getresponse()

    def submit(self, keywords: list[str], **settings: Any) -> str:
        body = {"job_type": "batch_keywords", "keywords": keywords, "settings": {"language": "en", **settings}}
        return str(self.call("POST", "/api/batch-jobs", body)["data"]["jobId"])

    def job(self, job_id: str) -> Any:
        return self.call("GET", f"/api/batch-jobs/{job_id}?view=progress")["data"]


@dataclass
class Penstock:
    port: int
    state: Path
    opened: ExitStack
    numbers: Iterator[int] = field(default_factory=count)

    def token(self, name: str) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", f"/local/token?user={name}")
            return str(json.loads(connection.getresponse().read())["token"])

    def user(self, name: str = "demo") -> User:
        return self._signed_in(self.token(name))

    def _signed_in(self, token: str) -> User:
        return self.opened.enter_context(closing(User(self.port, token)))

    def users(self, number: int) -> list[User]:
        """New users of the pool, made through the emulator's port as any tool would."""
        variables, cognito = self.variables, self.client("cognito-idp")
        pool = variables["ISSUER"].rsplit("/", 1)[1]
        names = [f"bench-{next(self.numbers)}" for _ in range(number)]
        with closing(cognito):
            return [self._new_user(cognito, pool, variables["CLIENT_ID"], name) for name in names]

    @cached_property
    def variables(self) -> dict[str, str]:
        """The functions' environment, as local mode wrote it down."""
        found: dict[str, str] = json.loads((self.state / "env.json").read_text())["Parameters"]
        return found

    def client(self, service: Any) -> Any:
        """Of the emulator's port, as any tool would."""
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port + 1}",
            region_name="us-east-1",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
        )

    def _new_user(self, cognito: Any, pool: str, client_id: str, name: str) -> User:
        cognito.admin_create_user(UserPoolId=pool, Username=name)
        cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
        login = {"USERNAME": name, "PASSWORD": PASSWORD}
        answer = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=login)
        return self._signed_in(answer["AuthenticationResult"]["AccessToken"])


@contextmanager
def running(**environment: str) -> Iterator[Penstock]:
    """Starts `python -m local` on free ports with an empty state, and stops it."""
    with TemporaryDirectory() as folder:
        port, state = _free_ports(), Path(folder) / "state"
        variables = {**os.environ, "PORT": str(port), "STATE": str(state), **environment}
        process = subprocess.Popen([sys.executable, "-m", "local"], cwd=ROOT, env=variables, stdout=subprocess.DEVNULL)
        try:
            _wait_until_ready(port, process)
            with ExitStack() as opened:
                yield Penstock(port, state, opened)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _free_ports() -> int:
    """A port that is free, and the one after it too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("local mode did not become ready")
