"""Records of the table's stream that are lost, told twice, late or in another order; and some that nobody can read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions import dispatcher as dispatcher_function
from penstock.domain.kind import Kinds
from penstock.engine.parts import Identity
from tests.faults.lives import LIVES, Life, illustrating, turning, working
from tests.faults.play import Dispatcher, Play, Records
from tests.faults.saboteur import Saboteur
from tests.house import House
from tests.invariants import check
from tests.toys import BOOK, TOY

pytestmark = pytest.mark.emulator_only("the stream is spoilt on its way, whoever keeps it")

# They end with the removal of what stood under a job that is gone, and only the stream tells of that.
GOING = (turning.deleted, turning.closed, illustrating.given_up)
LASTING = [life for life in LIVES if life.live not in GOING]
FOLLOWED = [
    Life(working.in_stages),
    Life(working.with_a_finish),
    Life(working.failed_and_retried),
    Life(turning.paused_and_resumed),
    Life(turning.in_turn),
]
NEVER, SOON, LATE = None, 1, 2
MISSING = [
    *((life, NEVER) for life in FOLLOWED),
    *((life, LATE) for life in FOLLOWED[1:3]),
    *(pytest.param(life, LATE, marks=pytest.mark.long) for life in (FOLLOWED[0], *FOLLOWED[3:])),
    *(pytest.param(life, SOON, marks=pytest.mark.long) for life in FOLLOWED),
]


@dataclass
class Missing:
    """Record number `at` is not told: it is `kept`, and comes `later` batches after, behind what is newer; None: never.
    `told` counts all that there were."""

    at: int = -1
    later: int | None = None
    told: int = 0
    kept: tuple[dict[str, Any], ...] = ()

    def __call__(self, records: Records) -> Records:
        first, self.told = self.told, self.told + len(records)
        if first <= self.at < self.told:
            self.kept = (records[self.at - first],)
            return [each for each in records if each not in self.kept]
        if records and self.kept and self.later:
            self.later -= 1
            if not self.later:
                late, self.kept = self.kept, ()
                return [*records, *late]
        return records


def lived(house: House, life: Life, user: str, spoil: Callable[[Records], Records]) -> Play:
    play = Play(house, Saboteur(house), user)
    play.dispatcher.spoil = spoil
    life.live(play)
    return play


@pytest.mark.parametrize("life", LASTING, ids=str)
def test_a_life_ends_though_nobody_reads_the_stream(house: House, life: Life) -> None:
    """The janitor alone sees to it."""
    life.prepare(house)
    lived(house, life, "user-a", lambda _records: [])


@pytest.mark.parametrize(("life", "later"), MISSING, ids=str)
def test_a_life_ends_whichever_record_is_missing(house: House, life: Life, later: int | None) -> None:
    life.prepare(house)
    every = Missing()
    lived(house, life, "user", every)
    assert every.told > 3
    for at in range(every.told):
        spoil = Missing(at, later)
        play = lived(house, life, f"user-{at}", spoil)
        play.dispatcher.spoil = lambda records: records
        play.dispatcher.take(spoil.kept)  # long after the end
        play.ends("completed")


def _twice(records: Records) -> Records:
    return [*records, *records]


def _other_shards_first(records: Records) -> Records:
    """The order holds for what is told of one record only."""
    names = list(dict.fromkeys(str(each["dynamodb"]["Keys"]) for each in records))
    return sorted(records, key=lambda each: -names.index(str(each["dynamodb"]["Keys"])))


@pytest.mark.parametrize("spoil", [_twice, _other_shards_first])
@pytest.mark.parametrize("life", LIVES, ids=str)
def test_a_life_ends_however_the_stream_tells_it(house: House, life: Life, spoil: Callable[[Records], Records]) -> None:
    life.prepare(house)
    lived(house, life, "user-a", spoil)


# ── what nobody can read ────────────────────────────────────────────────────────────────────────────────────────────


def _of_another_shape(image: dict[str, Any]) -> None:
    del image["status"]


def _of_an_unknown_status(image: dict[str, Any]) -> None:
    image["status"] = {"S": "melted"}


def _of_an_unknown_type(image: dict[str, Any]) -> None:
    image["status"] = {"Q": "pending"}


POISONS = [_of_another_shape, _of_an_unknown_status, _of_an_unknown_type]
Poison = Callable[[dict[str, Any]], None]


def poisoned(record: dict[str, Any], poison: Poison) -> dict[str, Any]:
    change = record["dynamodb"]
    image = {**change["NewImage"]}
    poison(image)
    return {**record, "dynamodb": {**change, "NewImage": image}}


def users_jobs(house: House, kind: str) -> list[str]:
    """Each longer than a window, so that it needs the stream."""
    return [house.submit(6, kind, Identity(f"user-{number}")) for number in range(5)]


def wanted(house: House) -> list[dict[str, Any]]:
    """What the dispatcher would be given now."""
    seen: list[dict[str, Any]] = []

    def spoil(records: Records) -> Records:
        seen.extend(records)
        return []

    dispatcher = Dispatcher(house)
    dispatcher.spoil = spoil
    dispatcher.read()
    return seen


def works(house: House, dispatcher: Dispatcher) -> None:
    """Until nothing is left for workers and dispatcher. No janitor comes."""
    while dispatcher.read() + len(delivered := list(iter(house.queues.receive_any, None))):
        for delivery in delivered:
            house.deliver(delivery)


def place(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("sort", ["JOB#", "ITEM#"])
def test_a_record_that_nobody_can_read_is_named_and_the_others_are_followed(
    house: House, sort: str, poison: Poison
) -> None:
    users_jobs(house, "stages")
    while delivery := house.queues.receive_any():
        house.deliver(delivery)
    records = wanted(house)
    at = [n for n, each in enumerate(records) if each["dynamodb"]["Keys"]["sk"]["S"].startswith(sort)][3]
    records[at] = poisoned(records[at], poison)
    waiting = sum(each["dynamodb"]["Keys"]["sk"]["S"].startswith("ITEM#") for each in records)
    answer = dispatcher_function.handler({"Records": records}, house._context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": place(records[at])}]}
    assert house.queued() >= waiting - (sort == "ITEM#")


def test_a_record_that_nobody_can_read_is_given_up_alone(house: House) -> None:
    """Its notice says where it lies; the janitor finds its job."""
    jobs = users_jobs(house, "toy")
    dispatcher = Dispatcher(house)
    named: list[str] = []

    def spoil(records: Records) -> Records:
        """The first change of the third job."""
        at = next((n for n, each in enumerate(records) if jobs[2] in each["dynamodb"]["Keys"]["sk"]["S"]), None)
        if named or at is None:
            return records
        named.append(place(records[at]))
        return [*records[:at], poisoned(records[at], _of_an_unknown_status), *records[at + 1 :]]

    dispatcher.spoil = spoil
    works(house, dispatcher)
    assert [house.job(job, f"user-{n}").status for n, job in enumerate(jobs)] == ["completed"] * 5
    (notice,) = dispatcher.given_up()
    batch, context = notice["DDBStreamBatchInfo"], notice["requestContext"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == (*named * 2, 1)
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetryAttemptsExhausted", 11)
    check(house, ended=True)


def test_jobs_of_a_kind_that_is_gone_do_not_hold_up_the_others(house: House) -> None:
    jobs = users_jobs(house, "toy")
    gone = house.submit(6, "stages", Identity("user-of-the-past"))
    jobs += [house.submit(6, "toy", Identity(f"user-{number}")) for number in range(5, 8)]
    house.parts = replace(house.parts, kinds=Kinds([TOY, BOOK]))
    dispatcher = Dispatcher(house)
    works(house, dispatcher)
    assert [house.job(job, f"user-{n}").status for n, job in enumerate(jobs)] == ["completed"] * 8
    assert house.job(gone, "user-of-the-past").status == "pending"
    lost = {each["DDBStreamBatchInfo"]["batchSize"] for each in dispatcher.given_up()}
    assert lost <= {1}
