"""A process that dies, or hangs, at any call to AWS or to a provider. The calls are not listed: each life is recorded
without faults, and then each of its calls is the one that fails, and the rest goes on until all is quiet."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from tests.faults import call_sites
from tests.faults.call_sites import Hit, Site, note
from tests.faults.lives import LIVES, Life, with_articles
from tests.faults.play import JOBS, Play
from tests.faults.providers import PROVIDERS
from tests.faults.recordings import Point, Recording, bounded, called
from tests.faults.saboteur import Fault, Saboteur, arrives_late, dies_after, dies_before, hangs
from tests.faults.tour import tour
from tests.house import House
from tests.invariants import check

# What each fault is tried at. To die before a call is to have died after the one before it, save for the first; and a
# read that is lost with its reader, or comes when nobody waits for it, has changed nothing.
FAULTS: dict[Fault, Callable[[Point], bool]] = {
    dies_before: lambda point: point.first,
    dies_after: lambda point: point.writes,
    hangs: lambda point: True,
    arrives_late: lambda point: point.writes,
}
SUBMITTED = LIVES[0]
# Told with every provider in the suite; the others in the long lane.
FEW = LIVES[:1]
every_life = pytest.mark.parametrize("life", LIVES, ids=str)


def test_no_call_site_is_left_out(recordings: dict[Life, Recording], house: House) -> None:
    """The table of what was recorded is printed: `pytest -rP` shows it."""
    for recording in recordings.values():
        sys.stdout.write(f"{recording}\n")
    with_articles(house)
    saboteur = Saboteur(house)
    hits = note(house)
    tour(Play(house, saboteur, "user-a"))
    hits |= called(saboteur.seen)
    sites = [*call_sites.find("store", "engine"), *call_sites.asking()]
    left = missed(sites, hits.union(*(each.hits for each in recordings.values())))
    assert left == [], "no life passes these; one that does belongs into tests/faults/lives.py"


def test_no_provider_is_left_out(house: House) -> None:
    """Who adds a provider adds to PROVIDERS how a life is written with it."""
    folders = {path.parent.name for path in Path(call_sites.PACKAGE, "providers").glob("*/writer.py")}
    assert set(PROVIDERS) == folders
    saboteur = Saboteur(house)
    hits: set[Hit] = set()
    for name, provided in PROVIDERS.items():
        with provided(hits) as write:
            house.recorder.write = write
            saboteur.disarm()
            SUBMITTED.live(Play(house, saboteur, name))
    assert missed(call_sites.find("providers"), hits) == []


@every_life
def test_a_fault_at_any_call_is_survived(recordings: dict[Life, Recording], house: House, life: Life) -> None:
    """Of the calls that are made in the same way by several lives, at the first one's."""
    recording = recordings[life]
    points = [point for point in recording.points if point.at in recording.new]
    assert points, "a life that makes no call of its own"
    survives(house, recording, [(fault, point) for fault, at in FAULTS.items() for point in points if at(point)])


@pytest.mark.long
@every_life
def test_a_fault_at_each_call_of_each_life_is_survived(
    recordings: dict[Life, Recording], house: House, life: Life
) -> None:
    recording = recordings[life]
    survives(house, recording, [(fault, point) for fault in FAULTS for point in recording.points])


@pytest.mark.emulator_only("who answers is no table's matter")
@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"offline"}))
@pytest.mark.parametrize(
    "life", [pytest.param(life, marks=[] if life in FEW else pytest.mark.long) for life in LIVES], ids=str
)
def test_a_fault_at_any_call_is_survived_whoever_answers(
    recordings: dict[Life, Recording], house: House, life: Life, provider: str
) -> None:
    """The provider's own SDK makes each call, over HTTP; which faults it has is for `test_provider_attack`."""
    recording = recordings[life]
    with PROVIDERS[provider](set()) as write:
        house.script.answer = write
        points = [point for point in recording.points if point.at in recording.new]
        survives(house, recording, [(fault, point) for fault, at in FAULTS.items() for point in points if at(point)])


@pytest.mark.parametrize("stream", ["followed", "lost"])
@pytest.mark.parametrize("fault", [dies_before, dies_after, arrives_late], ids=lambda fault: fault.__name__)
def test_a_submission_that_dies_is_whole_or_not_there(
    recordings: dict[Life, Recording], house: House, fault: Fault, stream: str
) -> None:
    """The client does not ask again."""
    saboteur = Saboteur(house)
    points = [point for point in recordings[SUBMITTED].points if point.call.actor == "api"]
    assert len(points) > 10
    for point in points:
        saboteur.arm(point.at, fault)
        play = Play(house, saboteur, f"user-{point.at}")
        if stream == "lost":
            play.dispatcher.spoil = lambda _records: []
        assert play.asked("POST", JOBS, {"jobType": "toy", "lines": 2}, {"idempotency-key": "one"}) is None
        play.quiet()
        saboteur.disarm()
        jobs = play.jobs()
        if play.user in house.past.users:
            check(house, play.user, ended=True)
        assert [job.status for job in jobs] in ([], ["completed"]), f"{fault.__name__} at {point.call}"
        assert set(play.paid.values()) == ({1} if jobs else set())


def survives(house: House, recording: Recording, struck: Sequence[tuple[Fault, Point]]) -> None:
    """Lives as often as there are faults to strike, with another one each time."""
    recording.life.prepare(house)
    saboteur = Saboteur(house)
    for number, (fault, point) in enumerate(struck):
        saboteur.arm(point.at, fault)
        play = Play(house, saboteur, f"user-{number}")
        try:
            recording.life.live(play)
            bounded(play, recording)
        except AssertionError as broken:
            raise AssertionError(f"{fault.__name__} at call {point.at}, {point.call}: {broken}") from broken
        assert saboteur.struck, f"call {point.at} was not made again: {point.call}"


def missed(sites: Sequence[Site], hits: Iterable[Hit]) -> list[str]:
    """Those of the sites that none of the hits is at."""
    found = list(hits)
    return [str(site) for site in sites if not any(site.is_hit_by(hit) for hit in found)]
