"""The kinds of job that a scenario is made of: a ceiling of two tokens, of which a stage uses one."""

from collections.abc import Callable
from functools import partial
from typing import Any

from penstock.domain.errors import Fate, Limited, Refused, Stopped, Transient
from penstock.domain.kind import BatchRequest, Kind, Plan, Planning
from penstock.domain.prompts import Completion, Prompt
from penstock.domain.quota import Needs, Usage
from penstock.domain.work import Work
from tests.model.state import CEILING, TRIES, USED, Batch, Scenario
from tests.toys import MODEL

FATES: dict[str, Callable[[], Fate]] = {
    "transient": lambda: Transient("try again"),
    "refused": lambda: Refused("no"),
    "limited": lambda: Limited("too much", retry_after=100.0),
}


class ModelRequest(BatchRequest):
    lines: int


def name(batch: Batch) -> str:
    return f"{batch.lines} of {batch.stages}{' and finish' * batch.finishes}"


def request(batch: Batch) -> ModelRequest:
    return ModelRequest.model_validate({"job_type": name(batch), "lines": batch.lines})


def kind(batch: Batch, scenario: Scenario) -> Kind:
    return Kind(
        name=name(batch),
        noun="line",
        request=ModelRequest,
        plan=_plan,
        stages=(_stage,) * batch.stages,
        ceiling=lambda *_: Needs(tokens=CEILING),
        lanes=scenario.lanes,
        jobs_at_once=scenario.at_once,
        finish=_stage if batch.finishes else None,
        max_tries=TRIES,
    )


def _plan(asked: ModelRequest, planning: Planning) -> Plan:
    return Plan(tuple({} for _ in range(asked.lines)), {"model": MODEL.id}, "model", MODEL.id)


def _stage(work: Work) -> None:
    """One step. That the job was cancelled is noticed before it, as after a slow one."""
    work.step("only", partial(_ask, work))


def _ask(work: Work) -> str:
    if work.effects.cancelled():
        raise Stopped("The job was cancelled.")
    return work.text(Prompt(purpose="only", system="", user="", max_output=10, facts={}))


def provider(asked: Callable[[], str]) -> Callable[[str, Prompt, float], Completion]:
    """Answers as it is asked to."""

    def write(*_: Any) -> Completion:
        if asked() in FATES:
            raise FATES[asked()]()
        return Completion(text="text", usage=Usage(input=USED, calls=1), written_by="model")

    return write
