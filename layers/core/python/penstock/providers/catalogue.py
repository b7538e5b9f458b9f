"""Reads the catalogue of models: ids, aliases, prices and limits, as of a day."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from penstock.domain.models import Model

FILE = Path(__file__).with_name("catalogue.json")


class Prices(BaseModel):
    """Prices that hold from the day `from` on, in micro-dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date = Field(alias="from")
    input_price: int = Field(ge=0)
    cached_price: int = Field(ge=0)
    output_price: int = Field(ge=0)


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
                fields |= prices.model_dump(exclude={"since"})
        return Model.model_validate({**fields, "aliases": (*self.aliases, *inherited)})

    def retired(self, day: date) -> bool:
        return self.retires is not None and date.fromisoformat(self.retires) <= day


class CatalogueFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: tuple[str, ...] = ()
    models: tuple[Entry, ...] = Field(min_length=1)


def load(path: Path = FILE, today: date | None = None) -> tuple[Model, ...]:
    """The models of the file that can be called today (UTC), in its order: the first is the default.

    Raises ValueError naming the file and the model: fields that are wrong or unknown, a name that two models have,
    a retired model without a successor.
    """
    day = today or datetime.now(UTC).date()
    entries = _read(path)
    current = {entry.id: entry for entry in entries if not entry.retired(day)}
    _check_names(path, entries)
    inherited: dict[str, list[str]] = {id_: [] for id_ in current}
    for entry in entries:
        if entry.retired(day):
            inherited[_heir(path, entry, entries, day)] += [entry.id, *entry.aliases]
    return tuple(entry.on(day, inherited[entry.id]) for entry in current.values())


def _read(path: Path) -> tuple[Entry, ...]:
    try:
        return CatalogueFile.model_validate_json(path.read_text("utf-8")).models
    except ValidationError as error:
        faults = "; ".join(f"{_place(fault)}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{path}: {faults}") from error


def _place(fault: Any) -> str:
    return ".".join(map(str, fault["loc"])) or "the file"


def _check_names(path: Path, entries: Iterable[Entry]) -> None:
    owners: dict[str, str] = {}
    for entry in entries:
        for name in (entry.id, *entry.aliases):
            owner = owners.setdefault(name.casefold(), entry.id)
            if owner != entry.id:
                raise ValueError(f"{path}: {name!r} is a name of both {owner} and {entry.id}: take it from one of them")


def _heir(path: Path, entry: Entry, entries: Iterable[Entry], day: date) -> str:
    """The id of the first successor, over any number of generations, that is not retired itself."""
    by_id = {other.id: other for other in entries}
    passed = {entry.id}
    heir = by_id.get(entry.successor or "")
    while heir is not None and heir.id not in passed:
        if not heir.retired(day):
            return heir.id
        passed.add(heir.id)
        heir = by_id.get(heir.successor or "")
    raise ValueError(f"{path}: {entry.id} retired on {entry.retires} and has no successor: name one, or remove it")
