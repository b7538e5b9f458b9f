"""One item's Work without engine: steps in a dict, a writer that remembers what it was asked."""

from collections.abc import Callable, Mapping
from typing import Any

from penstock.domain.kind import Plan, Planning
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.quota import Usage
from penstock.domain.work import Effects, StoredStep, Work
from penstock.kinds import articles
from penstock.kinds.intake.keywords import Request
from penstock.kinds.writing import prompts
from penstock.providers import catalogue
from penstock.providers.base import Writer
from penstock.providers.offline import OfflineWriter

MODELS = Catalogue(catalogue.load(), offline=True)
WEBSITES: Mapping[str, Mapping[str, Any]] = {
    "site-1": {
        "name": "Money School",
        "url": "https://money.example",
        "audience": "savers aged thirty",
        "tone": "down to earth",
        "internalLinks": ["https://money.example/budget"],
    },
}


def planned(keywords: Any, settings: Mapping[str, Any] | None = None, models: Catalogue = MODELS, **more: Any) -> Plan:
    body = {"keywords": keywords, "settings": settings or {}, **more}
    return articles.plan(Request.model_validate(body), Planning(models, WEBSITES.get))


def good(language: str = "vi", length: str = "medium") -> str:
    """An article that the quality gate lets pass, whoever wrote it."""
    plan = planned(["học forex"], {"language": language, "length": length})
    prompt = prompts.content_prompt(plan.inputs[0], plan.settings, None)
    return OfflineWriter().write(MODELS.models[0], prompt, 600.0).text


class Scripted:
    """Answers by the prompt's purpose, each token a byte of the text."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        text = self._answers[prompt.purpose]
        usage = Usage(input=len(prompt.user.encode()), output=len(text.encode()), calls=1)
        return Completion(text=text, usage=usage, written_by=model.provider)

    def make(self, model: Model, prompt: MediaPrompt, seconds: float) -> Media:
        return OfflineWriter().make(model, prompt, seconds)


class Desk:
    """`asked` are the calls for text so far, as (model id, prompt), `made` those for pictures and speech; `steps` and
    `files` what was stored."""

    def __init__(self, writer: Writer | None = None) -> None:
        self.asked: list[tuple[str, Prompt]] = []
        self.made: list[tuple[str, MediaPrompt]] = []
        self.files: dict[str, Media] = {}
        self.steps: dict[str, StoredStep] = {}
        self._writer = writer or OfflineWriter()

    def work(self, plan: Plan, index: int = 0, may_call: Callable[[], bool] = lambda: True) -> Work:
        effects = Effects(
            call=self._call,
            make=self._make,
            save=self._save,
            load=self.steps.get,
            keep=self.steps.setdefault,
            seconds_left=lambda: 600.0,
            cancelled=lambda: False,
            may_call=may_call(),
        )
        return Work("user", "job", index, len(plan.inputs), plan.inputs[index], plan.settings, effects)

    def _make(self, model_id: str, prompt: MediaPrompt, seconds: float) -> Media:
        model = MODELS.find(model_id)
        assert model is not None
        self.made.append((model_id, prompt))
        return self._writer.make(model, prompt, seconds)

    def _save(self, media: Media) -> str:
        name = f"media/{len(self.files) + 1}.{media.media_type.partition('/')[2]}"
        self.files[name] = media
        return name

    def _call(self, model_id: str, prompt: Prompt, seconds: float) -> Completion:
        self.asked.append((model_id, prompt))
        model = MODELS.find(model_id)
        assert model is not None
        return self._writer.write(model, prompt, seconds)
