"""Local mode as one object: everything the template says, running in this process."""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from local import answering, invoke, users
from local.describe import describe
from local.description import Description
from local.emulator import Emulator
from local.emulator.corrections import WrongMoto
from local.emulator.folder import FolderInUse
from local.errors import LocalError
from local.gateway import Gateway
from local.invoke import LoadedFunction
from local.queues import QueuePump
from local.schedules import Clock
from local.settings import Settings
from local.streams import StreamPump
from local.template import REGION, Template, load
from local.web import HOST, health, listen, web_server

if TYPE_CHECKING:
    import uvicorn

logger = logging.getLogger(__name__)

EVERY_INTERFACE = ("0.0.0.0", "::")  # noqa: S104  # recognised, not bound
SNAPSHOT_SECONDS = 3.0
GRACE_SECONDS = 5.0
READY_SECONDS = 15.0
# Whatever account or endpoint the shell points at: local mode must never reach it.
FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
OWN = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# The template sets these, too; where it leaves them empty, what the shell or `.env` says holds.
OF_THE_SHELL = ("OPENAI_BASE_URL", "OPENAI_MODELS")

Pump = QueuePump | StreamPump | Clock


class LocalMode:
    """Starts what the template describes, and stops it with its state kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self.description: Description | None = None
        self.answering: list[str] = []  # who answers for which models
        self._emulator = Emulator(settings.state, settings.emulator_host, settings.emulator_port, fresh=settings.fresh)
        self._pumps: list[Pump] = []
        self._gateway: Gateway | None = None
        self._web: uvicorn.Server | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def emulator_url(self) -> str:
        return _reachable(self.settings.emulator_host, HOST, self._emulator.port)

    @property
    def notices(self) -> list[str]:
        """What happened to the kept state that its owner should know."""
        return self._emulator.notices

    @property
    def users(self) -> tuple[str, ...]:
        """Who can sign in: nobody where the template makes no pool."""
        return users.USERS if self.description is not None and self.description.pool is not None else ()

    def has_route(self, key: str) -> bool:
        return self.description is not None and any(route.key == key for route in self.description.routes)

    def start(self) -> None:
        """Returns when the API is ready. Raises LocalError; nothing is left running then."""
        isolate()
        template = load(self.settings.template, self.settings.parameters or {})
        listener = listen(self.settings.port)
        self.port = listener.getsockname()[1]
        try:
            self._start_emulator()
            self._connect(template, listener)
            self._await_ready()
        except BaseException:
            self.stop()
            listener.close()
            raise

    def stop(self) -> bool:
        """Stops accepting, lets what runs finish, keeps the state; whether everything finished in time."""
        self._stopping.set()
        deadline = time.monotonic() + GRACE_SECONDS
        for pump in self._pumps:
            pump.stop()
        if self._web is not None:
            self._web.should_exit = True
        finished = [pump.join(max(0.0, deadline - time.monotonic())) for pump in self._pumps]
        for thread in self._threads:
            thread.join(GRACE_SECONDS + 1)
        if self._gateway is not None:
            self._gateway.close()
        self._emulator.stop()
        return all(finished) and not any(thread.is_alive() for thread in self._threads)

    def _start_emulator(self) -> None:
        try:
            self._emulator.start()
        except (OSError, SystemExit) as taken:
            # werkzeug, which serves the port, ends the process instead of raising.
            port = self.settings.emulator_port
            raise LocalError(f"port {port} is taken: set EMULATOR_PORT to a free one") from taken
        except (FolderInUse, WrongMoto) as refused:
            raise LocalError(str(refused)) from refused

    def _connect(self, template: Template, listener: socket.socket) -> None:
        description = self.description = describe(template, self.url)
        os.environ.update(self._environment(description))
        functions = invoke.load(description.functions, description.layers)
        self.answering = answering.describe(description)
        if description.pool is not None:
            users.ensure(description.pool)
        anonymous = self._known(self.settings.anonymous_user)
        self._gateway = Gateway(description, functions, self._token, self.users, anonymous)
        self._pumps = pumps(description, functions)
        for pump in self._pumps:
            pump.start()
        web = self._web = web_server(self._gateway, GRACE_SECONDS)
        self._spawn(lambda: web.run([listener]), "gateway")
        self._spawn(self._keep, "snapshots")

    def _known(self, user: str | None) -> str | None:
        if user is not None and user not in self.users:
            raise LocalError(f"ANONYMOUS_USER={user}: must be one of {', '.join(self.users)}")
        return user

    def _environment(self, description: Description) -> dict[str, str]:
        environment = invoke.environment(description.functions)
        # Inside the process the emulator is reached without an endpoint; an empty one would be taken for a URL.
        environment.pop("AWS_ENDPOINT_URL", None)
        for name in OF_THE_SHELL:
            if name in environment:
                environment[name] = environment[name] or os.environ.get(name, "")
        if self.settings.log_level is not None:
            environment["POWERTOOLS_LOG_LEVEL"] = self.settings.log_level
        host, port = self.settings.emulator_host, self._emulator.port
        self._write_container_environment(environment, description, _reachable(host, "host.docker.internal", port))
        # Addresses of files must lead out of this process.
        return {**environment, **_keys(description, self.emulator_url), "FILES_URL": self.emulator_url}

    def _write_container_environment(
        self, environment: Mapping[str, str], description: Description, endpoint: str
    ) -> None:
        """What `sam local invoke --env-vars` needs so that a container works on the same state."""
        variables = {**environment, **_keys(description, endpoint), "AWS_ENDPOINT_URL": endpoint}
        path = self.settings.state / "env.json"
        path.write_text(json.dumps({"Parameters": variables}, indent=2) + "\n", encoding="utf-8")

    def _token(self, user: str) -> str | None:
        pool = self.description.pool if self.description else None
        return None if pool is None else users.token(pool, user)

    def _spawn(self, run: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep(self) -> None:
        while not self._stopping.wait(SNAPSHOT_SECONDS):
            try:
                self._emulator.snapshot()
            except OSError:
                # A full disk must not end the keeping: the next attempt may succeed.
                logger.exception("the state cannot be kept in %s", self.settings.state)

    def _await_ready(self) -> None:
        if not self.has_route("GET /healthz"):
            return
        deadline = time.monotonic() + READY_SECONDS
        status: int | str = "nothing"
        while time.monotonic() < deadline:
            status = health(self.port)
            if status == 200:
                return
            time.sleep(0.02)
        raise LocalError(f"GET /healthz answers {status}: see {self.settings.state / 'penstock.log'}")


def isolate() -> None:
    """Leaves nothing in this process's environment that leads to a real account."""
    for name in (*FOREIGN, *(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL"))):
        os.environ.pop(name, None)
    os.environ.update(OWN)


def pumps(description: Description, functions: Mapping[str, LoadedFunction]) -> list[Pump]:
    """One pump for each mapping and schedule, not yet started."""
    return [
        *(QueuePump(mapping, functions[mapping.function]) for mapping in description.queues),
        *(StreamPump(mapping, functions[mapping.function]) for mapping in description.streams),
        *(Clock(schedule, functions[schedule.function]) for schedule in description.schedules),
    ]


def _keys(description: Description, endpoint: str) -> dict[str, str]:
    """The emulator's tokens name Cognito as their issuer, but their keys are served by the emulator."""
    if description.pool is None:
        return {}
    return {"JWKS_URL": f"{endpoint}/{description.pool.pool_id}/.well-known/jwks.json"}


def _reachable(host: str, instead: str, port: int) -> str:
    """An address for a client; one that means "every interface" is none, so `instead` takes its place."""
    return f"http://{instead if host in EVERY_INTERFACE else host}:{port}"
