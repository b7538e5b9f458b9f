"""The models a request names, and what its user should know about them."""

from collections.abc import Iterator

from penstock.domain.models import Catalogue, Model


def choose(name: str | None, models: Catalogue, output: int) -> Model:
    """The model called `name`, or the default, if somebody answers for it and it can write `output` tokens at once.

    Raises ValueError with the models there are.
    """
    if name is None:
        model = models.first()
        if model is None:
            raise ValueError(_known(models, "text"))
    else:
        model = _able(name, models, "text")
    if model.output_limit < output:
        raise ValueError(f"{model.id} writes {model.output_limit:,} tokens at most, needed are {output:,}")
    return model


def choose_image(name: str | None, models: Catalogue, writer: Model | None) -> Model | None:
    """The model called `name`, or the first of the provider of `writer`, or any; None where nobody makes images here.

    Raises ValueError for a name that cannot be called, or makes no images, with the models there are.
    """
    return _able(name, models, "image") if name else models.first("image", writer.provider if writer else None)


def _able(name: str, models: Catalogue, feature: str) -> Model:
    model = models.find(name)
    if model is None:
        raise ValueError(f"no model is called {name[:80]!r}; {_known(models, feature)}")
    if models.answered_by(model) is None:
        raise ValueError(f"{model.id} cannot be called here, {model.provider} has no key; {_known(models, feature)}")
    if feature not in model.features:
        raise ValueError(f"{model.id} makes {' and '.join(model.features)}, not {feature}; {_known(models, feature)}")
    return model


def notes(name: str | None, model: Model, models: Catalogue) -> Iterator[str]:
    """Warnings: another model answers, it will be gone soon, nobody but the offline writer answers."""
    yield from _names(name, model, "which will write")
    if models.answered_by(model) == "offline":
        yield f"{model.id} is not called: the offline writer answers in its place, with sample text"


def image_notes(name: str | None, model: Model, models: Catalogue) -> Iterator[str]:
    """The same of the model that makes the images."""
    yield from _names(name, model, "which will make the images")
    if models.answered_by(model) == "offline":
        yield f"{model.id} is not called: the offline writer answers in its place, with sample images"


def _names(name: str | None, model: Model, does: str) -> Iterator[str]:
    if name and name.strip().casefold() != model.id.casefold():
        yield f"{name.strip()} stands for {model.id}, {does}"
    if model.retires:
        yield f"{model.id} can be called until {model.retires} only: choose another model for later jobs"


def _known(models: Catalogue, feature: str) -> str:
    able = [model.id for model in models.able(feature)]
    if able:
        return f"there are {', '.join(able)}"
    what = "no model can be called here" if feature == "text" else f"no model that makes {feature}s can be called here"
    return f"{what}: set a provider's key"
