"""Engine calls at once, in every order in which their calls to AWS and to a provider can follow one another.

An actor is a thread that stops before each such call and goes on when it is its turn; one goes at a time. So an order
(`orders`) is a list of names, and the same list gives the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Semaphore, Thread, local
from typing import Any

from penstock.domain.errors import PenstockError
from penstock.domain.prompts import Completion, Prompt
from tests.clock import Crash
from tests.faults.footprints import Stretch, footprint
from tests.faults.orders import Step
from tests.house import House

# Nothing here takes long; an actor that does not stop again waits for one that is stopped.
LONGEST_STEP_SECONDS = 60.0


class Actor:
    """A thread that runs `call`, one step at a time. `answer` is what it returned, or the refusal it raised."""

    def __init__(self, name: str, call: Callable[[], Any], gates: "Gates") -> None:
        self.name = name
        self.answer: Any = None
        self.step: Step | None = None
        self._call, self._gates = call, gates
        self._error: BaseException | None = None
        self._killed = False
        self._turn, self._stopped = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Up to its first call."""
        self._thread.start()
        self._wait()

    def go(self) -> None:
        """Makes the call that it is stopped before, and goes on up to the next one."""
        self._turn.release()
        self._wait()

    def kill(self) -> None:
        """Its process dies where it stands."""
        self._killed = True
        while self.step:
            self._turn.release()
            self._stopped.acquire()
        self._thread.join()

    def stop_before(self, step: Step) -> None:
        """In the actor's own thread."""
        self.step = step
        self._stopped.release()
        self._turn.acquire()
        if self._killed:
            raise Crash

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=LONGEST_STEP_SECONDS), f"{self.name} waits for an actor that is stopped"
        if self._error:
            raise self._error

    def _run(self) -> None:
        self._gates.present.actor = self
        try:
            self.answer = self._call()
        except PenstockError as refused:
            self.answer = refused
        except BaseException as error:  # noqa: BLE001 - it is raised where the race is run
            self._error = None if self._killed and isinstance(error, Crash) else error
        self.step = None
        self._stopped.release()


class Gates:
    """Before every client of a house, and its provider. Actors stop there; anybody else passes. Nobody stops before the
    record of a breaker: looking at it, and telling it, belong to the call that they are for."""

    def __init__(self, house: House) -> None:
        self.present = local()
        for owner in (house.parts.table, house.parts.queues, house.parts.files):
            client: Any = Gate(self, owner._client)
            owner._client = client
        write = house.recorder.write

        def writes(model: str, prompt: Prompt, seconds: float) -> Completion:
            self.stop(Step("write", (Stretch("provider", str(prompt.facts), str(prompt.facts), writes=True),)))
            return write(model, prompt, seconds)

        house.recorder.write = writes

    def stop(self, step: Step) -> None:
        actor: Actor | None = getattr(self.present, "actor", None)
        if actor and not any(each.low == "BREAKER" for each in step.touches):
            actor.stop_before(step)


@dataclass
class Gate:
    gates: Gates
    client: Any

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name == "get_paginator":
            return lambda operation: Gate(self.gates, found(operation))
        if not callable(found):
            return found

        def call(**request: Any) -> Any:
            self.gates.stop(Step(name, footprint(name, request)))
            return found(**request)

        return call
