"""Runs scheduled functions at their rate."""

import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from local.background import Background
from local.description import Schedule
from local.invoke import InvocationError, LoadedFunction
from local.template import ACCOUNT, REGION

logger = logging.getLogger(__name__)


class Clock(Background):
    """One schedule: invokes after every period. A failure is logged; the next time comes soon enough."""

    def __init__(self, schedule: Schedule, function: LoadedFunction) -> None:
        self.schedule = schedule
        self._function = function
        super().__init__(schedule.logical_id)

    def run(self) -> None:
        while not self.stopping.wait(self.schedule.period):
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
