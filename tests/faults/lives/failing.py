"""Lives of jobs whose provider fails, limits, or may not be asked."""

from penstock.domain.errors import Limited, Transient
from tests.faults.play import Play
from tests.faults.steps import raises

DOWN = raises(Transient("503", code="provider_failed"))


def recovers(play: Play) -> None:
    """One fault, and then an answer."""
    play.house.script.at(0, DOWN)
    play.submit()
    play.expose()
    play.ends("completed")


def is_down(play: Play) -> None:
    """Three faults; the first two probes fail, and the third is answered."""
    play.house.script.at(0, DOWN, DOWN, DOWN)
    play.house.script.probes[:] = [DOWN, DOWN]
    play.submit()
    play.expose()
    play.ends("completed", "failed")


def is_poisoned(play: Play) -> None:
    """Three faults, and yet a probe is answered: it is the line's own doing."""
    play.house.script.at(0, DOWN, DOWN, DOWN)
    play.submit()
    play.expose()
    play.ends("failed", "completed")


def hangs(play: Play) -> None:
    """Until its worker has no time left to probe; whoever comes next does."""

    def act() -> None:
        play.house.clock.advance(875)
        DOWN()

    play.house.script.at(0, DOWN, DOWN, act)
    play.submit(2)
    play.expose()
    play.ends("completed", "failed")


def limits_a_probe(play: Play) -> None:
    play.house.script.at(0, DOWN, DOWN, DOWN)
    play.house.script.probes[:] = [raises(Limited("429", retry_after=20))]
    play.submit()
    play.expose()
    play.ends("completed", "failed")


def forbids(play: Play) -> None:
    """A key that is wrong, and mended."""
    play.house.script.at(0, raises(Limited("check the key", retry_after=300, operator=True)))
    play.submit()
    play.expose()
    play.ends("completed")


def is_full(play: Play) -> None:
    """The first step takes the minute's only place."""
    play.house.clock.advance(60)
    play.submit()
    play.expose()
    play.ends("completed")
