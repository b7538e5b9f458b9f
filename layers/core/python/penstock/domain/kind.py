"""What the engine cannot know about a kind of batch. A kind is one file with one `KIND = Kind(…)` value; adding a kind
adds that file and nothing else."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from penstock.domain.models import Catalogue
from penstock.domain.quota import Needs
from penstock.domain.work import Work

Json = Mapping[str, Any]
# A million dollars, in micro-dollars: more is a mistake.
MOST_BUDGET = 10**12
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


class Closed(BaseModel):
    """A request body: camelCase outside, snake_case accepted, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class BatchRequest(Closed):
    """What every kind's request has. A kind's own model adds its inputs and settings, and narrows `job_type` to its
    name."""

    job_type: str
    name: str | None = Field(None, max_length=120, description="What you call this job; the first inputs if left out.")
    tags: tuple[Tag, ...] = Field((), max_length=20, description="Up to 20 tags for finding it again.")
    priority: Literal["high", "normal", "low"] = "normal"
    budget: int | None = Field(
        None, ge=0, le=MOST_BUDGET, description="Most that the job may cost, in micro-dollars; no limit if left out."
    )


@dataclass(frozen=True)
class Planning:
    """What a plan may look at: the models, and which of the user's websites exist (`website` gives one or None)."""

    models: Catalogue
    website: Callable[[str], Json | None]


@dataclass(frozen=True)
class Plan:
    """What a request becomes: one JSON object per item, one JSON object of settings for all, of which the user
    sees what does not begin with an underscore. `model` is the exact model id."""

    inputs: tuple[Json, ...]
    settings: Json
    name: str
    model: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """What a last stage made. It becomes a record of the user in `collection` (`ARTICLE`): `fields` are what lists
    show, `body` (JSON) lies in the bucket; who wrote it, its tokens and cost are added. Its id derives from job and
    index, so a retry writes the same record, unless `id` names an older record of the user that this one replaces."""

    collection: str
    fields: Json
    body: Json
    id: str | None = None


Stage = Callable[[Work], Product | None]
Finish = Callable[[Work], None]
Cost = Callable[[Json, Json, int, Catalogue], Needs]


@dataclass(frozen=True)
class Kind:
    """`noun` is one input in a sentence ("Out of tokens at keyword 3/5"). `ceiling(input, settings, stage)` is the
    most a stage can cost, reserved by its claim; `usual`, of the same arguments, is what it usually comes to, for
    estimates: a quarter of the ceiling where it is left out. `lanes` are a user's parallel slots, `jobs_at_once` how
    many of a user's jobs of this kind (and priority) run side by side. `lifetime` is the deadline of a job, `retention`
    how long a finished one is kept."""

    name: str
    noun: str
    request: type[BatchRequest]
    plan: Callable[[Any, Planning], Plan]
    stages: tuple[Stage, ...]
    ceiling: Cost
    lanes: int = 1
    jobs_at_once: int = 1
    finish: Finish | None = None
    max_tries: int = 3
    lifetime: timedelta | None = None
    retention: timedelta | None = None
    usual: Cost | None = None

    def group(self, user: str, index: int) -> str:
        """The message group: the user, or one of the user's lanes. The lane is a function of the index alone."""
        return user if self.lanes == 1 else f"{user}#{index % self.lanes}"


class Kinds:
    """The registered kinds by name. Two kinds of one name are refused."""

    def __init__(self, kinds: Collection[Kind]) -> None:
        self._kinds: dict[str, Kind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"two kinds are named {kind.name!r}: give one of them another name")
            self._kinds[kind.name] = kind

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._kinds)
