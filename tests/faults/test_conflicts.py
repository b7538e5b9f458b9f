"""AWS is busy or broken at any write of a job's life: it says so three times, or until nobody waits any longer; it does
what it is asked and the answer is lost, to the SDK's first try or to all of them. Calls and lives are those of the
crash points; here the process lives on and handles what it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.lives import LIVES, Life
from tests.faults.play import Play
from tests.faults.recordings import Point, Recording, bounded
from tests.faults.saboteur import Call, Fault, Saboteur
from tests.faults.weather import BUSY, Busy, answers_late, breaks_off, fails
from tests.house import House

pytestmark = pytest.mark.emulator_only("the weather stands before the table, whatever the table is")
THRICE = 3
AWS = {"change_message_visibility", "delete_object", "delete_objects", *BUSY}


@dataclass(frozen=True)
class Weather:
    """`fault` is made anew for each call that it strikes, by the call's number. `lost`: a step's result may be lost,
    for who asked for it has given up. `everywhere`: in the suite it strikes at each life, not at those of FEW alone."""

    name: str
    fault: Callable[[int], Fault]
    strikes: Callable[[Call], bool]
    lasting: bool = False
    lost: bool = True
    everywhere: bool = False


def _busy(call: Call) -> bool:
    return call.name in BUSY


def _aws(call: Call) -> bool:
    return call.name in AWS


WEATHERS = (
    Weather("busy until the deadline", Busy, _busy, lasting=True, everywhere=True),
    Weather("busy thrice", lambda at: Busy(at, THRICE), _busy, lasting=True, lost=False),
    Weather("broken", lambda _at: fails, lambda call: call.name != "write"),
    Weather("broken off", lambda _at: breaks_off, _aws),
    Weather("answered late", lambda _at: answers_late, _aws, lost=False),
)
# Between them they have each kind of write.
FEW = {
    "submitted",
    "in_stages",
    "with_a_finish",
    "failed_and_retried",
    "lost_and_revived",
    "short_of_quota",
    "closed",
    "edited",
}
every_life = pytest.mark.parametrize("life", LIVES, ids=str)


@every_life
def test_bad_weather_at_any_write_is_weathered(recordings: dict[Life, Recording], house: House, life: Life) -> None:
    """Of the writes that are made in the same way by several lives, at the first one's."""
    recording = recordings[life]
    points = [each for each in recording.points if each.at in recording.new and each.writes]
    assert points
    weathers(house, recording, [each for each in WEATHERS if each.everywhere or str(life) in FEW], points)


@pytest.mark.long
@every_life
def test_bad_weather_at_each_call_of_each_life_is_weathered(
    recordings: dict[Life, Recording], house: House, life: Life
) -> None:
    weathers(house, recordings[life], WEATHERS, recordings[life].points)


def weathers(house: House, recording: Recording, kinds: Sequence[Weather], points: Sequence[Point]) -> None:
    recording.life.prepare(house)
    saboteur = Saboteur(house)
    for weather, point in ((each, point) for each in kinds for point in points if each.strikes(point.call)):
        saboteur.arm(point.at, weather.fault(point.at), lasting=weather.lasting)
        play = Play(house, saboteur, f"user-{weather.name}-{point.at}")
        try:
            recording.life.live(play)
            bounded(play, recording, most=int(weather.lost))
        except AssertionError as wrong:
            raise AssertionError(f"{weather.name} at call {point.at}, {point.call}: {wrong}") from wrong
        assert saboteur.struck, f"call {point.at} was not made again: {point.call}"
