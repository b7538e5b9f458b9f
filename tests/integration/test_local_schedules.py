"""Scheduled functions run at their rate."""

import threading
from pathlib import Path
from typing import Any

from local.description import Function, Schedule
from local.invoke import LoadedFunction
from local.schedules import Clock

RULE = "arn:aws:events:us-east-1:123456789012:rule/penstock-Tick"


def run(schedule: Schedule, times: int) -> list[Any]:
    events: list[Any] = []
    enough = threading.Event()

    def handler(event: Any, _context: Any) -> None:
        events.append(event)
        if len(events) >= times:
            enough.set()
        raise RuntimeError("a failure does not end the schedule")

    function = Function("Toy", "penstock-Toy", "arn:toy", Path(), "toy.x", 30, 128, None, {})
    clock = Clock(schedule, LoadedFunction(function, handler))
    clock.start()
    assert enough.wait(10)
    clock.stop()
    assert clock.join(5)
    return events


def test_a_schedule_comes_again_and_again_with_eventbridges_event() -> None:
    events = run(Schedule("Tick", "Toy", RULE, "aws.events", 0.05, None), 3)
    assert {(event["source"], event["detail-type"]) for event in events} == {("aws.events", "Scheduled Event")}
    assert events[0]["resources"] == [RULE]
    assert len({event["id"] for event in events}) == len(events)


def test_an_input_of_its_own_takes_the_events_place() -> None:
    assert run(Schedule("Tick", "Toy", RULE, "aws.scheduler", 0.05, {"tock": True}), 1)[0] == {"tock": True}
