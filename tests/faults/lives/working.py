"""Lives of jobs that are worked on: what becomes of an item in a worker's hands."""

from typing import Any

from penstock.domain.errors import Limited, Refused, Transient
from tests.faults.play import Play
from tests.faults.steps import LONG, crash, raises
from tests.toys import USED


def submitted(play: Play) -> None:
    play.expose()
    play.submit()
    play.ends("completed")
    assert len(play.jobs()) == 1, "however often it was sent, with one key"


def in_stages(play: Play) -> None:
    play.submit(2, "stages")
    play.expose()
    play.ends("completed")


def with_a_finish(play: Play) -> None:
    play.submit(1, "book")
    play.expose()
    play.ends("completed")


def whose_finish_fails(play: Play) -> None:
    """The act for line n is the finish step's."""
    play.submit(1, "book")
    play.house.script.at(1, raises(Refused("no")))
    play.quiet()
    play.expose()
    play.act("retry")
    play.ends("completed")


def too_large_for_a_message(play: Play) -> None:
    play.submit(4)
    play.expose()
    play.deliver()
    play.ends("completed")


def failed_and_retried(play: Play) -> None:
    play.house.script.at(0, raises(Refused("no")))
    play.submit()
    play.expose()
    play.quiet()
    play.act("retry")
    play.ends("completed")


def given_back(play: Play) -> None:
    """Tried three times; what its calls cost is booked at once."""
    play.house.script.at(0, *[raises(Transient("broken off").having_used(USED))] * 3)
    play.submit()
    play.expose()
    play.ends("failed", "completed")


def taken_over(play: Play) -> None:
    """The first worker dies in its second step."""
    play.house.script.at(0, lambda: None, crash)
    play.submit()
    play.deliver()
    play.expose()
    play.ends("completed")


def outrun(play: Play) -> None:
    """In its second step its lease ends, and another worker settles the item. What it would settle is thrown away."""
    play.house.script.at(0, lambda: None, play.overtake)
    play.submit()
    play.expose()
    play.ends("completed")


def limited(play: Play) -> None:
    """Once for a moment, then for so long that the job waits for the provider."""
    play.house.script.at(0, raises(Limited("429", retry_after=1)), raises(Limited("429", retry_after=300)))
    play.submit()
    play.expose()
    play.ends("completed")


def limited_when_cancelled(play: Play) -> None:
    def act() -> None:
        play.act("cancel")
        raise Limited("429", retry_after=300)

    play.house.script.at(0, act)
    play.submit()
    play.expose()
    play.ends("cancelled", "completed")


def limited_in_a_past_run(play: Play) -> None:
    def act() -> None:
        play.act("pause")
        play.act("resume")
        raise Limited("429", retry_after=300)

    play.house.script.at(0, act)
    play.submit()
    play.expose()
    play.ends("completed")


def unanswered(play: Play) -> None:
    """The first claim is committed, and nobody hears of it."""
    play.submit()
    client: Any = play.house.parts.table._client
    transact = client.transact_write_items

    def lost(**request: Any) -> None:
        del client.transact_write_items
        transact(**request)
        raise ConnectionError

    client.transact_write_items = lost
    play.expose()
    play.ends("completed")


def out_of_time(play: Play) -> None:
    play.submit(2)
    play.deliver()
    play.expose()
    play.house.clock.advance(LONG)
    play.sweep()
    play.ends("failed", "completed")
