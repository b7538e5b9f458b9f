"""Functions run in this process under Lambda's rules."""

import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.description import Function
from local.invoke import FunctionError, LambdaContext, LoadedFunction, RequestTooLarge, Throttled

ARN = "arn:aws:lambda:us-east-1:123456789012:function:penstock-ToyFunction"


def function(reserved: int | None = None, timeout: int = 5) -> Function:
    return Function("ToyFunction", "penstock-ToyFunction", ARN, Path(), "toy.handler", timeout, 256, reserved, {})


def test_events_and_answers_pass_through_json() -> None:
    given = {"a": (1, 2), "ä": None}
    loaded = LoadedFunction(function(), lambda event, _: {"got": event, "cost": Decimal("1.5")})
    answer = loaded(given)
    assert answer == {"got": {"a": [1, 2], "ä": None}, "cost": 1.5}


@pytest.mark.parametrize("answer", [{1, 2}, b"x", float("nan"), object()])
def test_an_answer_that_is_not_json_fails_here_too(answer: object) -> None:
    with pytest.raises(FunctionError):
        LoadedFunction(function(), lambda _event, _context: answer)({})


def test_the_context_tells_who_runs_and_how_long_it_may() -> None:
    seen: list[LambdaContext] = []
    loaded = LoadedFunction(function(timeout=7), lambda _event, context: seen.append(context))
    loaded({})
    loaded({})
    first, second = seen
    assert (first.function_name, first.invoked_function_arn) == ("penstock-ToyFunction", ARN)
    assert (first.memory_limit_in_mb, first.log_group_name) == ("256", "/aws/lambda/penstock-ToyFunction")
    assert first.aws_request_id != second.aws_request_id
    assert 6_000 < second.get_remaining_time_in_millis() <= 7_000


def test_an_error_of_the_handler_is_named() -> None:
    with pytest.raises(FunctionError, match="ZeroDivisionError"):
        LoadedFunction(function(), lambda _event, _context: 1 / 0)({})


def test_what_runs_past_its_timeout_has_no_answer() -> None:
    def late(_event: Any, context: LambdaContext) -> str:
        time.sleep(1.05)
        assert context.get_remaining_time_in_millis() == 0
        return "too late"

    with pytest.raises(FunctionError, match=r"Task timed out after 1\.00 seconds"):
        LoadedFunction(function(timeout=1), late)({})


def test_an_event_above_six_megabytes_is_refused() -> None:
    loaded = LoadedFunction(function(), lambda event, _: len(event["body"]))
    assert loaded({"body": "x" * 6_000_000}) == 6_000_000
    with pytest.raises(RequestTooLarge):
        loaded({"body": "ä" * 3_200_000})


def test_reserved_concurrency_is_a_limit_and_zero_lets_nothing_run() -> None:
    entered, leave = threading.Event(), threading.Event()

    def wait(_event: Any, _context: Any) -> None:
        entered.set()
        leave.wait(5)

    loaded = LoadedFunction(function(reserved=1), wait)
    running = threading.Thread(target=loaded, args=({},))
    running.start()
    entered.wait(5)
    with pytest.raises(Throttled):
        loaded({})
    leave.set()
    running.join()
    assert loaded({}) is None
    with pytest.raises(Throttled):
        LoadedFunction(function(reserved=0), lambda _event, _context: None)({})
