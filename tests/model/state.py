"""What the model remembers. Every record is a value; a state is a handful of lists of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.domain.item import ItemStatus
from penstock.domain.job import PauseReason, Status

# What a claim asks for, what a stage uses, how often an item is tried: as small as they can be and still differ.
CEILING, USED, TRIES = 2, 1, 2
# A revival beyond this run tells nothing new.
LAST_RUN = 8

ACTIVE = (Status.PENDING, Status.PROCESSING)
ENDED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
TERMINAL = (ItemStatus.DONE, ItemStatus.FAILED, ItemStatus.CANCELLED)


class Batch(NamedTuple):
    """What a job is made of."""

    lines: int
    stages: int = 1
    finishes: bool = False


@dataclass(frozen=True)
class Scenario:
    """The bounds. `at_once`: how many jobs of a kind run side by side. `joined`: the dispatcher always sees all the
    changes of a job that there are at once, and what bars calls lasts no longer than the pause that it led to.
    `whims`: how often each thing may happen that nobody asked for, or that only a user does."""

    jobs: tuple[Batch, ...] = (Batch(2),)
    lanes: int = 1
    at_once: int = 9
    window: int = 2
    quota: int = 99
    gift: int = 2
    workers: int = 2
    janitor: bool = False
    joined: bool = False
    whims: Mapping[str, int] = field(default_factory=dict)


class Job(NamedTuple):
    """`still`: nothing has happened for longer than the janitor's patience. `waited`: a provider's pause is over.
    `barred`: it was paused by an open breaker."""

    remaining: int
    status: Status = Status.PENDING
    reason: PauseReason | None = None
    run: int = 1
    retried: int = 0
    cursor: int = 0
    sent: int = 0
    settled: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    running: int = 0
    watched: bool = True
    still: bool = False
    waited: bool = False
    barred: bool = False
    unfinished: bool = False
    deleted: bool = False
    gone: bool = False
    purged: bool = False

    @property
    def active(self) -> bool:
        return self.status in ACTIVE and not self.gone

    def current(self, run: int) -> bool:
        return self.active and self.run == run

    @property
    def room(self) -> int:
        return self.sent - self.settled


class Item(NamedTuple):
    """Without a status it has no record. `stored` has a bit for each stage (or, of a finish step, retry) whose step is
    stored; `leased`: its lease is not over."""

    status: ItemStatus | None = None
    stage: int = 0
    fence: int = 0
    tries: int = 0
    reserved: int = 0
    charged: int = 0
    leased: bool = False
    run: int = 0
    stored: int = 0

    @property
    def running(self) -> bool:
        return self.status == ItemStatus.RUNNING

    def mine(self, fence: int) -> bool:
        return self.running and self.fence == fence

    def abandoned(self, fence: int) -> bool:
        return self.mine(fence) and not self.leased

    def reopened(self, retried: int) -> bool:
        return self.status == ItemStatus.FAILED and self.run < retried

    def open(self, retried: int) -> bool:
        return self.status not in TERMINAL or self.reopened(retried)

    def to_do(self) -> int:
        """The stage of an open item that is next."""
        return 0 if self.status in TERMINAL else self.stage


class Message(NamedTuple):
    job: int
    item: int
    stage: int
    run: int
    retried: int


class Change(NamedTuple):
    """What the stream says of a job, as far as the dispatcher looks: whether the new image asks for a dispatch, whether
    it was active before and is after (None: no such image). `joined`: several changes in one."""

    asks: bool
    before: bool | None
    after: bool | None
    joined: bool = False


class Process(NamedTuple):
    """Somebody at work, stopped before the call that `phase` names. `seen` is what that call goes by. Dispatching has a
    `source`, a `batch` of changes that are read again if it dies, and may go on with `others`, and those who wait."""

    actor: str
    phase: str
    job: int
    message: Message = Message(0, 0, 0, 0, 0)
    held: bool = False
    fence: int = 0
    claims: int = 0
    variant: str = ""
    seen: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    source: str = ""
    batch: tuple[Change, ...] = ()
    others: tuple[int, ...] = ()
    asks_waiting: bool = False


class State:
    """`lanes` are the groups of the queue, oldest message first; `dead` the dead letters; `sent` the dedup ids that are
    remembered; `changes` what the dispatcher has not read of each job, `last` the latest of them, read or not; `waits`
    the items whose change to a later stage it has not read. `open`: the provider's breaker is; `held`: calls are, by a
    429."""

    __slots__ = (
        "balance", "changes", "dead", "granted", "held", "items", "jobs", "lanes", "last", "number", "open",
        "processes", "scenario", "sent", "waits", "whims",
    )  # fmt: skip

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.balance = self.granted = scenario.quota
        self.jobs = [Job(batch.lines) for batch in scenario.jobs]
        self.items = [[Item() for _ in range(batch.lines + batch.finishes)] for batch in scenario.jobs]
        self.lanes: list[tuple[Message, ...]] = [() for _ in range(scenario.lanes)]
        self.dead: tuple[Message, ...] = ()
        self.processes: dict[int, Process] = {}
        self.changes: list[tuple[Change, ...]] = [(Change(asks=True, before=None, after=True),) for _ in scenario.jobs]
        self.last = [each[-1] for each in self.changes]
        self.waits: tuple[tuple[int, int], ...] = ()
        self.sent: frozenset[Message] = frozenset()
        self.whims = dict(scenario.whims)
        self.number = 0
        self.open = self.held = False

    def copy(self) -> "State":
        new = State.__new__(State)
        for name in ("scenario", "balance", "granted", "dead", "waits", "sent", "number", "open", "held"):
            setattr(new, name, getattr(self, name))
        new.jobs, new.lanes, new.changes, new.last = self.jobs[:], self.lanes[:], self.changes[:], self.last[:]
        new.items = [row[:] for row in self.items]
        new.processes, new.whims = self.processes.copy(), self.whims.copy()
        return new

    def key(self) -> tuple[object, ...]:
        """Equal for states that nobody could tell apart. Who was numbered first does not matter."""
        rows = tuple(map(tuple, self.items))
        queues = tuple(self.lanes), tuple(sorted(self.dead)), self.sent
        streams = tuple(self.changes), tuple(self.last), self.waits
        money = self.balance, self.granted, self.open, self.held, tuple(self.whims.values())
        return tuple(self.jobs), rows, queues, streams, money, frozenset(Counter(self.processes.values()).items())

    def item(self, message: Message) -> Item:
        return self.items[message.job][message.item]

    def put(self, message: Message, item: Item) -> None:
        self.items[message.job][message.item] = item

    def begin(self, process: Process) -> int:
        self.number += 1
        self.processes[self.number] = process
        return self.number

    def finishes(self, job: int, item: int) -> bool:
        """Whether it is the finish step."""
        return item == self.scenario.jobs[job].lines

    def may(self, whim: str) -> bool:
        return self.whims.get(whim, 0) > 0

    def spend(self, whim: str) -> None:
        self.whims[whim] -= 1

    def lines(self, job: int) -> Iterator[tuple[int, Item]]:
        """The items that the counters count."""
        return enumerate(self.items[job][: self.scenario.jobs[job].lines])
