"""Runs the template's functions in this process, the way Lambda runs them: JSON in, JSON out, limits kept."""

import decimal
import importlib.util
import json
import logging
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from local.description import Function
from local.errors import LocalError, TemplateError

logger = logging.getLogger(__name__)

PAYLOAD_LIMIT = 6 * 1024 * 1024

Handler = Callable[[Any, Any], Any]


class InvocationError(Exception):
    """The invocation has no result."""


class FunctionError(InvocationError):
    """The handler raised, ran past its timeout or answered what Lambda cannot carry."""


class Throttled(InvocationError):
    """The function's reserved concurrency is used up."""


class RequestTooLarge(InvocationError):
    """The event is above Lambda's 6 MB."""


@dataclass(frozen=True)
class LambdaContext:
    """What a handler gets as its second argument."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    deadline: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Slots:
    """A function's reserved concurrency, over everything that invokes it. None limits nothing, 0 lets nothing run."""

    def __init__(self, reserved: int | None) -> None:
        self._free = None if reserved is None else threading.Semaphore(reserved)

    def take(self, patience: float) -> bool:
        """Whether a slot was free within `patience` seconds."""
        return self._free is None or self._free.acquire(timeout=patience)

    def give_back(self) -> None:
        if self._free is not None:
            self._free.release()


class LoadedFunction:
    """One function of the template with its handler imported."""

    def __init__(self, function: Function, handler: Handler) -> None:
        self.function = function
        self._handler = handler
        self._slots = Slots(function.reserved)

    def __call__(self, event: Any, patience: float = 0.0) -> Any:
        """The handler's answer to `event`, both passed through JSON.

        Waits up to `patience` seconds for a free slot. Raises FunctionError, Throttled or RequestTooLarge.
        """
        carried = json.dumps(event, ensure_ascii=False)
        if _too_large(carried):
            raise RequestTooLarge(f"{self.function.name}: the event is above {PAYLOAD_LIMIT} bytes")
        if not self._slots.take(patience):
            raise Throttled(f"{self.function.name}: reserved concurrency {self.function.reserved} is used up")
        try:
            return self._run(json.loads(carried))
        finally:
            self._slots.give_back()

    def _run(self, event: Any) -> Any:
        function, started = self.function, time.monotonic()
        deadline = started + function.timeout
        context = LambdaContext(function.name, function.arn, str(function.memory), deadline)
        try:
            answer = self._carried(self._handler(event, context))
        except Exception as error:
            logger.exception("%s failed (request %s)", function.name, context.aws_request_id)
            raise FunctionError(f"{type(error).__name__}: {error}") from error
        if time.monotonic() > deadline:
            # Lambda would have killed it: whoever waits must not see the answer.
            logger.error("%s ran %.1f s, past its timeout", function.name, time.monotonic() - started)
            raise FunctionError(f"Task timed out after {function.timeout}.00 seconds")
        return answer

    @staticmethod
    def _carried(answer: Any) -> Any:
        written = json.dumps(answer, ensure_ascii=False, allow_nan=False, default=_plain)
        if _too_large(written):
            raise ValueError(f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).")
        return json.loads(written)


def _plain(value: Any) -> Any:
    """Lambda's runtime writes decimals as numbers and refuses everything else that is not JSON."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _too_large(written: str) -> bool:
    # Four bytes a character at most: encoding is worth its cost only near the limit.
    return len(written) * 4 > PAYLOAD_LIMIT and len(written.encode()) > PAYLOAD_LIMIT


def environment(functions: Mapping[str, Function]) -> dict[str, str]:
    """The variables of all functions together, as they share one process; a conflict raises LocalError."""
    merged: dict[str, str] = {}
    owner: dict[str, str] = {}
    for function in functions.values():
        for name, value in function.environment.items():
            if merged.setdefault(name, value) != value:
                raise LocalError(
                    f"{name} is {merged[name]!r} for {owner[name]} and {value!r} for {function.logical_id}: "
                    "local mode runs all functions in one process, so give both the same value or rename one"
                )
            owner.setdefault(name, function.logical_id)
    return merged


def load(functions: Mapping[str, Function], layers: tuple[Path, ...]) -> dict[str, LoadedFunction]:
    """Imports every handler. The environment must be set before; a handler that is missing raises TemplateError."""
    for folder in (*layers, *(function.code for function in functions.values())):
        if folder.is_dir() and str(folder.resolve()) not in sys.path:
            sys.path.append(str(folder.resolve()))
    return {name: LoadedFunction(function, _handler(function)) for name, function in functions.items()}


def _handler(function: Function) -> Handler:
    module_path, _, name = function.handler.rpartition(".")
    file = (function.code / f"{module_path.replace('.', '/')}.py").resolve()
    if not file.is_file():
        raise TemplateError(function.logical_id, f"Handler {function.handler}: there is no {file}")
    handler = getattr(_module(file), name, None)
    if not callable(handler):
        raise TemplateError(function.logical_id, f"Handler {function.handler}: {file} has no function {name}")
    return handler  # type: ignore[no-any-return]


def _module(file: Path) -> ModuleType:
    """The module in `file`, imported once. Named by its whole path, since two templates may each have an api.py."""
    name = f"handler:{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise LocalError(f"{file} cannot be imported")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
