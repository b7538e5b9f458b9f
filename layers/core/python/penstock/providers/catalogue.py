"""Reads the catalogue of models: ids, aliases, prices and limits, as of a day."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from penstock.domain.models import Model

FILE = Path(__file__).with_name("catalogue.json")
# Of a model on a server of one's own, which does not say: room for the longest article, after a prompt as long.
OWN_CONTEXT, OWN_OUTPUT = 32_768, 16_384
ID = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,127}", re.ASCII)


class Prices(BaseModel):
    """Prices that hold from the day `from` on, as `Model` has them; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date = Field(alias="from")
    input_price: int = Field(ge=0)
    cached_price: int = Field(ge=0)
    output_price: int = Field(ge=0)
    cache_write_price: int | None = Field(None, ge=0)
    image_price: int | None = Field(None, ge=0)
    character_price: int | None = Field(None, ge=0)
    search_price: int | None = Field(None, ge=0)


class Entry(Model):
    """A model, and what is known of its future. From the day of `retires` on, `successor` answers to its names."""

    successor: str | None = None
    later: tuple[Prices, ...] = ()

    @field_validator("retires")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        return value and date.fromisoformat(value).isoformat()

    def on(self, day: date, inherited: Iterable[str]) -> Model:
        """The model as it is on `day`, also answering to the `inherited` names."""
        fields = self.model_dump(exclude={"successor", "later"})
        for prices in sorted(self.later, key=lambda prices: prices.since):
            if prices.since <= day:
                fields |= prices.model_dump(exclude={"since"}, exclude_none=True)
        return Model.model_validate({**fields, "aliases": (*self.aliases, *inherited)})

    def retired(self, day: date) -> bool:
        return self.retires is not None and date.fromisoformat(self.retires) <= day


class CatalogueFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: tuple[str, ...] = ()
    models: tuple[Entry, ...] = Field(min_length=1)


def load(path: Path = FILE, today: date | None = None) -> tuple[Model, ...]:
    """As `read`, of a file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}): name a file like {FILE.name}") from error
    return read(text, str(path), today)


def read(text: bytes, place: str, today: date | None = None) -> tuple[Model, ...]:
    """The models that can be called today (UTC), in the order of `text`, which came from `place`: the first that
    writes text is the default.

    Raises ValueError naming place and model: fields that are wrong or unknown, a name that two models have, a retired
    model without a successor, nobody who writes text.
    """
    day = today or datetime.now(UTC).date()
    entries = _entries(text, place)
    current = {entry.id: entry for entry in entries if not entry.retired(day)}
    _check_names(place, entries)
    if not any("text" in entry.features for entry in current.values()):
        raise ValueError(f'{place}: no model has the feature "text": nobody could write')
    inherited: dict[str, list[str]] = {id_: [] for id_ in current}
    for entry in entries:
        if entry.retired(day):
            inherited[_heir(place, entry, entries, day)] += [entry.id, *entry.aliases]
    return tuple(entry.on(day, inherited[entry.id]) for entry in current.values())


def of_own_server(names: str) -> tuple[Model, ...]:
    """The models that OPENAI_MODELS names, in its order and separated by commas: they write text and JSON, and cost
    nothing. Raises ValueError for a name that no model can have."""
    given = dict.fromkeys(name.strip() for name in names.split(",") if name.strip())
    if wrong := [name for name in given if not ID.fullmatch(name)] or ([] if given else [names]):
        raise ValueError(
            f"OPENAI_MODELS: {wrong[0][:80]!r} cannot be a model's name: write them as the server lists them, "
            "separated by commas, such as llama3.2, qwen3:8b"
        )
    limits: dict[str, Any] = {"context_limit": OWN_CONTEXT, "output_limit": OWN_OUTPUT}
    return tuple(Model(id=name, provider="openai", features=("text", "json"), **limits) for name in given)


def without(feature: str, provider: str, models: Iterable[Model]) -> tuple[Model, ...]:
    """`models`, those of `provider` without `feature`."""
    return tuple(
        each.model_copy(update={"features": tuple(name for name in each.features if name != feature)})
        if each.provider == provider
        else each
        for each in models
    )


def _entries(text: bytes, place: str) -> tuple[Entry, ...]:
    try:
        return CatalogueFile.model_validate_json(text).models
    except ValidationError as error:
        faults = "; ".join(f"{_field(fault)}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{place}: {faults}") from error


def _field(fault: Any) -> str:
    return ".".join(map(str, fault["loc"])) or "the file"


def _check_names(place: str, entries: Iterable[Entry]) -> None:
    owners: dict[str, str] = {}
    for entry in entries:
        for name in (entry.id, *entry.aliases):
            owner = owners.setdefault(name.casefold(), entry.id)
            if owner != entry.id:
                raise ValueError(
                    f"{place}: {name!r} is a name of both {owner} and {entry.id}: take it from one of them"
                )


def _heir(place: str, entry: Entry, entries: Iterable[Entry], day: date) -> str:
    """The id of the first successor, over any number of generations, that is not retired itself."""
    by_id = {other.id: other for other in entries}
    passed = {entry.id}
    heir = by_id.get(entry.successor or "")
    while heir is not None and heir.id not in passed:
        if not heir.retired(day):
            return heir.id
        passed.add(heir.id)
        heir = by_id.get(heir.successor or "")
    raise ValueError(f"{place}: {entry.id} retired on {entry.retires} and has no successor: name one, or remove it")
