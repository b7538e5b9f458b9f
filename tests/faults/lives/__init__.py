"""What a job can go through, each life for the sake of some calls to AWS and to a provider that others do not make.

A life is told as it goes without faults. With one it may go another way, but it ends, and in one of the ends it names.
`play.expose()` and `play.cover()` enclose the calls that it is told for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from penstock.domain.kind import Kind, Kinds, Plan, Planning
from penstock.domain.models import Catalogue
from penstock.domain.quota import Needs
from penstock.kinds import articles
from penstock.providers import catalogue
from penstock.providers.offline import OfflineWriter
from tests.faults.lives import failing, illustrating, turning, working
from tests.faults.play import Play
from tests.house import House
from tests.toys import BOOK, MODEL, STAGES, TOY, ToyRequest


@dataclass(frozen=True)
class Life:
    live: Callable[[Play], None]
    prepare: Callable[[House], None] = lambda _house: None

    def __str__(self) -> str:
        return self.live.__name__


def _plan_large(request: ToyRequest, _planning: Planning) -> Plan:
    inputs = tuple({"line": number, "text": "x" * 30_000} for number in range(request.lines))
    return Plan(inputs, {"model": MODEL.id}, "toys", MODEL.id)


def _kinds(toy: Kind) -> Callable[[House], None]:
    def prepare(house: House) -> None:
        house.parts = replace(house.parts, kinds=Kinds([toy, STAGES, BOOK]))

    return prepare


def _one_a_minute(house: House) -> None:
    model = MODEL.model_copy(update={"requests_per_minute": 1})
    house.parts = replace(house.parts, models=Catalogue([model], available=[model.provider]))


def with_articles(house: House) -> None:
    """Written by the offline writer."""
    models, offline, toys = Catalogue([*catalogue.load(), MODEL], offline=True), OfflineWriter(), house.recorder.write

    def write(model_id: str, prompt: Any, seconds: float) -> Any:
        model = models.find(model_id)
        assert model
        return toys(model_id, prompt, seconds) if model is MODEL else offline.write(model, prompt, seconds)

    def draw(model_id: str, prompt: Any, seconds: float) -> Any:
        """By the script of the first line."""
        model = models.find(model_id)
        assert model
        house.script.calls[(0, prompt.purpose)] += 1
        acts = house.script.acts[(0, 0)]
        if acts:
            acts.pop(0)()
        return offline.make(model, prompt, seconds)

    house.recorder.write, house.recorder.draw = write, draw
    house.parts = replace(house.parts, kinds=Kinds([articles.KIND, TOY, STAGES, BOOK]), models=models)


LIVES = (
    Life(working.submitted),
    Life(working.in_stages),
    Life(working.with_a_finish),
    Life(working.whose_finish_fails),
    Life(working.too_large_for_a_message, _kinds(replace(TOY, plan=_plan_large))),
    Life(working.failed_and_retried),
    Life(working.given_back),
    Life(working.taken_over),
    Life(working.outrun),
    Life(working.limited),
    Life(working.limited_when_cancelled),
    Life(working.limited_in_a_past_run),
    Life(turning.paused_and_resumed),
    Life(turning.cancelled),
    Life(turning.paused_and_released),
    Life(working.unanswered),
    Life(turning.lost_and_revived),
    Life(turning.dead),
    Life(turning.dead_in_a_paused_job),
    Life(turning.dead_finish),
    Life(turning.short_of_quota, lambda house: house.limit(plan=Needs(1_000, 1))),
    Life(turning.over_budget),
    Life(working.out_of_time, _kinds(replace(TOY, lifetime=timedelta(minutes=10)))),
    Life(turning.in_turn),
    Life(turning.deleted),
    Life(turning.closed),
    Life(turning.edited, with_articles),
    Life(illustrating.illustrated, with_articles),
    Life(illustrating.given_up, with_articles),
    Life(failing.recovers),
    Life(failing.is_down),
    Life(failing.is_poisoned),
    Life(failing.hangs),
    Life(failing.limits_a_probe),
    Life(failing.forbids),
    Life(failing.is_full, _one_a_minute),
)
