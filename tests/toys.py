"""Kinds whose stages do what a test tells them to: a script says, for each line and stage, what happens at each
call."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Literal

from penstock.domain.kind import BatchRequest, Kind, Plan, Planning, Product
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.quota import Needs, Usage
from penstock.domain.work import Work
from penstock.engine.circuit import PROBE

MODEL = Model(id="toy-1", provider="toy", context_limit=1000, output_limit=100, output_price=2_000_000)
CEILING = Needs(tokens=100, articles=1, cost=200)
USED = Usage(input=10, output=20, calls=1, cost=40)

Act = Callable[[], object]


@dataclass
class Script:
    """`acts[(line, stage)]` are run at the beginning of each call for that line and stage, one a call, then nothing
    more; `probes` at that of each probe, which is not counted among the `calls`. Then `answer` is asked, if there is
    one, such as a provider of the package."""

    acts: dict[tuple[int, int], list[Act]] = field(default_factory=lambda: defaultdict(list))
    probes: list[Act] = field(default_factory=list)
    calls: Counter[tuple[int, str]] = field(default_factory=Counter)
    usage: Usage = USED
    answer: Callable[[str, Prompt, float], Completion] | None = None
    _counting: Lock = field(default_factory=Lock)

    def at(self, line: int, *acts: Act, stage: int = 0) -> None:
        self.acts[(line, stage)].extend(acts)

    def write(self, model: str, prompt: Prompt, seconds: float) -> Completion:
        if prompt == PROBE:
            return self._probed(model, prompt, seconds)
        line, stage = prompt.facts["line"], prompt.facts["stage"]
        with self._counting:
            self.calls[(line, prompt.purpose)] += 1
            act = self.acts[(line, stage)].pop(0) if self.acts[(line, stage)] else None
        if act:
            act()
        return self._answered(f"{prompt.purpose} of line {line}", model, prompt, seconds)

    def _probed(self, model: str, prompt: Prompt, seconds: float) -> Completion:
        if self.probes:
            self.probes.pop(0)()
        return self._answered("OK", model, prompt, seconds)

    def _answered(self, text: str, model: str, prompt: Prompt, seconds: float) -> Completion:
        if self.answer:
            return self.answer(model, prompt, seconds)
        return Completion(text=text, usage=self.usage, written_by="toy")

    def make(self, model: str, prompt: MediaPrompt, seconds: float) -> Media:
        """A picture, by the same script as a text."""
        text = self.write(model, self._as_text(prompt), seconds)
        return Media(data=text.text.encode(), media_type="image/png", usage=text.usage, written_by="toy")

    @staticmethod
    def _as_text(prompt: MediaPrompt) -> Prompt:
        return Prompt(purpose=prompt.purpose, system="", user="", max_output=50, facts=prompt.facts)


class ToyRequest(BatchRequest):
    job_type: Literal["toy", "stages", "book"] = "toy"
    lines: int


def _plan(request: ToyRequest, planning: Planning) -> Plan:
    inputs = tuple({"line": number} for number in range(request.lines))
    return Plan(inputs, {"model": MODEL.id}, "toys", MODEL.id)


def _stage(stage: int, last: bool) -> Callable[[Work], Product | None]:
    def run(work: Work) -> Product | None:
        texts = [work.step(name, partial(_ask, work, name, stage)) for name in ("first", "second")]
        return Product("ARTICLE", {"title": texts[0]}, {"texts": texts}) if last else None

    return run


def _ask(work: Work, purpose: str, stage: int) -> str:
    return work.text(prompt(purpose, work, stage))


def prompt(purpose: str, work: Work, stage: int) -> Prompt:
    return Prompt(purpose=purpose, system="", user="", max_output=50, facts={"line": work.index, "stage": stage})


def _ceiling(line: Any, settings: Any, stage: int, models: Catalogue) -> Needs:
    return CEILING


def _finish(work: Work) -> None:
    work.step("book", lambda: work.text(prompt("book", work, 0)))


def _kind(name: str, stages: int, **extra: Any) -> Kind:
    run = tuple(_stage(number, number == stages - 1) for number in range(stages))
    return Kind(name=name, noun="line", request=ToyRequest, plan=_plan, stages=run, ceiling=_ceiling, **extra)


TOY = _kind("toy", 1)
STAGES = _kind("stages", 2, lanes=2, jobs_at_once=2)
BOOK = _kind("book", 1, finish=_finish)
