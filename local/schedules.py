"""Runs scheduled functions at their rate."""

import logging
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from local.description import Schedule
from local.invoke import InvocationError, LoadedFunction
from local.template import ACCOUNT, REGION

logger = logging.getLogger(__name__)


class Clock:
    """One schedule: invokes after every period. A failure is logged; the next time comes soon enough."""

    def __init__(self, schedule: Schedule, function: LoadedFunction) -> None:
        self.schedule = schedule
        self._function = function
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=schedule.logical_id, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Waits for what runs; whether it ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.wait(self.schedule.period):
            try:
                self._function(self.schedule.event or _event(self.schedule))
            except InvocationError as failed:
                logger.warning("%s: %s", self.schedule.logical_id, failed)


def _event(schedule: Schedule) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": schedule.source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [schedule.rule_arn],
        "detail": {},
    }
