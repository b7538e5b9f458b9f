"""What a user or an admin does: one write each, and then a dispatch."""

from collections.abc import Callable, Iterator

from penstock.domain.job import PauseReason, Status
from tests.model import records
from tests.model.conditions import Answer, goes_on, is_done, moves
from tests.model.dispatching import dispatch
from tests.model.state import ENDED, Job, Process, State

FINISHED = (Status.COMPLETED, Status.FAILED)


def _pause(state: State, number: int) -> None:
    records.write(
        state, number, status=Status.PAUSED, reason=PauseReason.USER, waited=False, barred=False, watched=True
    )


def _resume(state: State, number: int) -> None:
    records.new_run(state, number)
    state.begin(dispatch("api", number))


def _cancel(state: State, number: int) -> None:
    records.write(state, number, status=Status.CANCELLED, reason=None, waited=False, barred=False, watched=True)
    state.begin(dispatch("api", number))


def _retry(state: State, number: int) -> None:
    records.retry(state, number)
    state.begin(dispatch("api", number))


def _delete(state: State, number: int) -> None:
    records.write(state, number, deleted=True, watched=True)
    state.begin(dispatch("api", number))


Act = Callable[[State, int], None]
ACTS: dict[str, Act] = {"pause": _pause, "resume": _resume, "cancel": _cancel, "retry": _retry, "delete": _delete}


def allowed(job: Job, act: str) -> bool:
    if job.deleted or job.gone:
        return False
    by_system = job.status == Status.PAUSED and job.reason != PauseReason.USER
    failures = job.failed > 0 or job.unfinished
    return {
        "pause": job.active or by_system,
        "resume": job.status == Status.PAUSED,
        "cancel": job.active or job.status == Status.PAUSED,
        "retry": job.status in FINISHED and failures,
        "delete": job.status in ENDED,
    }[act]


def acts(state: State) -> Iterator[tuple[str, int, bool]]:
    """(what, job, whether it is one of the user's whims). Who pauses a job resumes it, some time."""
    for number, job in enumerate(state.jobs):
        for act in ACTS:
            own = act == "resume" and job.reason == PauseReason.USER
            if allowed(job, act) and (own or state.may(act)):
                yield act, number, not own


def grant(state: State) -> None:
    state.balance += state.scenario.gift
    state.granted += state.scenario.gift
    state.begin(Process("grant", "list paused", 0))


def list_paused(state: State, pid: int, _order: str) -> Answer:
    paused = [
        number
        for number, job in enumerate(state.jobs)
        if job.status == Status.PAUSED and job.reason == PauseReason.TOKENS and not (job.deleted or job.gone)
    ]
    if not paused:
        return is_done("finds no job paused for quota")
    state.processes[pid] = dispatch("api", *paused)
    moves(state, pid, "read")
    return goes_on(f"finds {len(paused)} paused for quota")


CALLS = {"list paused": list_paused}
