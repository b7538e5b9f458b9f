"""A deadline for a whole call, whatever it waits for."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# What the loop may take to cut a call off; past it, it is the loop that hangs.
GRACE_SECONDS = 5.0


class Loop:
    """An event loop in a thread of its own. A call in it can be cut off at any moment, whatever it waits for; the
    timeouts of a socket begin anew with each byte."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="provider", daemon=True)
        self._thread.start()

    def run(self, call: Coroutine[Any, Any, T], seconds: float) -> T:
        """Raises TimeoutError once `seconds` are over."""
        awaited = asyncio.run_coroutine_threadsafe(asyncio.wait_for(call, seconds), self._loop)
        return awaited.result(seconds + GRACE_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE_SECONDS)
        self._loop.close()
