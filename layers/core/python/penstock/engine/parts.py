"""What wiring hands to the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.quota import Needs

if TYPE_CHECKING:
    from penstock.store.files import Files
    from penstock.store.queues import Queues
    from penstock.store.records import Records
    from penstock.store.table import Table


@dataclass(frozen=True)
class Limits:
    """`window`: most messages of one job and run in the queue. `plan`: what a new account gets. `visibility`: of the
    queues, in seconds; a lease ends before it."""

    window: int = 50
    plan: Needs = field(default_factory=lambda: Needs(1_000_000, 1_000))
    visibility: int = 960


@dataclass(frozen=True)
class Parts:
    """`clock` gives milliseconds since 1970; `new_id` a UUIDv7 (sorts by time); `new_fence` an id that is never reused;
    `write` asks a model for text, `make` for a picture or speech (model id, prompt, seconds it may take)."""

    table: "Table"
    records: "Records"
    queues: "Queues"
    files: "Files"
    kinds: Kinds
    models: Catalogue
    write: Callable[[str, Prompt, float], Completion]
    make: Callable[[str, MediaPrompt, float], Media]
    clock: Callable[[], int]
    new_id: Callable[[], str]
    new_fence: Callable[[], str]
    limits: Limits


@dataclass(frozen=True)
class Identity:
    """Who calls: `user` is the token's `sub`."""

    user: str
    username: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return "admins" in self.groups
