"""A Penstock of its own to measure: local mode as a process, and users who talk to it over HTTP."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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
# A developer's key is not for this.
PROVIDERS_OWN = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODELS", "GEMINI_API_KEY", "GEMINI_BASE_URL", "ENV_FILE")
NO_PROVIDER = dict.fromkeys(PROVIDERS_OWN, "")
PORTS = 20_000, 32_000
READY_SECONDS = 180.0  # a busy machine has little time for each


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
        """Once more where the server closed a connection that had stood idle, or was killed and is back."""
        try:
            self._connection.request(method, path, body, self._headers)
            return self._connection.getresponse()
        except ConnectionError:
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
    environment: Mapping[str, str]
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def start(self) -> None:
        """On the ports and the state that it had before, if it was running. Returns when it is ready."""
        variables = {**os.environ, **NO_PROVIDER, "PORT": str(self.port), "STATE": str(self.state), **self.environment}
        command = [sys.executable, *self.command]
        self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL)
        _wait_until_ready(self.port, self.process)

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """Returns when it is gone. TimeoutExpired: it did not heed the signal, and was killed."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            try:
                process.wait(60)
            finally:
                process.kill()
                process.wait()

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
def running(*command: str, **environment: str) -> Iterator[Penstock]:
    """Starts `python -m local`, or another command that is local mode, on free ports with an empty state; stops it."""
    with TemporaryDirectory() as folder, ExitStack() as opened:
        penstock = Penstock(_free_ports(), Path(folder) / "state", opened, environment, command or ("-m", "local"))
        try:
            penstock.start()
            yield penstock
        finally:
            penstock.end()


def _free_ports() -> int:
    """A port that is free, and the one after it too: below those that outgoing connections take, so that both are
    still free after a restart."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("local mode did not become ready")
