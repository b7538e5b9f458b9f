"""The model a request names, and what its user should know about it."""

from collections.abc import Iterator

from penstock.domain.models import Catalogue, Model


def choose(name: str | None, models: Catalogue, output: int) -> Model:
    """The model called `name`, or the default, if somebody answers for it and it can write `output` tokens at once.

    Raises ValueError with the models there are.
    """
    model = models.first() if name is None else models.find(name)
    if model is None:
        raise ValueError(_known(models) if name is None else f"no model is called {name[:80]!r}; {_known(models)}")
    if models.answered_by(model) is None:
        raise ValueError(f"{model.id} cannot be called here, {model.provider} has no key; {_known(models)}")
    if "text" not in model.features:
        raise ValueError(f"{model.id} makes {' and '.join(model.features)}, not text; {_known(models)}")
    if model.output_limit < output:
        raise ValueError(f"{model.id} writes {model.output_limit:,} tokens at most, needed are {output:,}")
    return model


def notes(name: str | None, model: Model, models: Catalogue) -> Iterator[str]:
    """Warnings: another model answers, it will be gone soon, nobody but the offline writer answers."""
    if name and name.strip().casefold() != model.id.casefold():
        yield f"{name.strip()} stands for {model.id}, which will write"
    if model.retires:
        yield f"{model.id} can be called until {model.retires} only: choose another model for later jobs"
    if models.answered_by(model) == "offline":
        yield f"{model.id} is not called: the offline writer answers in its place, with sample text"


def _known(models: Catalogue) -> str:
    able = [model.id for model in models.able("text")]
    return f"there are {', '.join(able)}" if able else "no model can be called here: set a provider's key"
