"""Lives of jobs that take a turn: by their user, for want of money, by the loss of a message or of a worker."""

from tests.api import ARTICLES
from tests.faults.play import ADMIN, JOBS, Play
from tests.faults.steps import crash


def paused_and_resumed(play: Play) -> None:
    play.submit(2)
    play.deliver()
    play.expose()
    play.act("pause")
    play.act("resume")
    play.ends("completed")


def cancelled(play: Play) -> None:
    """While a worker that has died holds an item."""
    play.house.script.at(0, crash)
    play.submit(2)
    play.deliver()
    play.expose()
    play.act("cancel")
    play.ends("cancelled", "completed")


def paused_and_released(play: Play) -> None:
    """The message of the dead worker's item is lost."""
    play.house.script.at(0, crash)
    play.submit()
    play.deliver()
    play.act("pause")
    play.house.queues.purge()
    play.expose()
    play.quiet()
    play.cover()
    play.act("resume")
    play.ends("completed")


def lost_and_revived(play: Play) -> None:
    play.submit()
    play.house.queues.purge()
    play.expose()
    play.ends("completed")


def dead(play: Play) -> None:
    """Every worker dies; what the first one paid for and stored is booked."""
    play.house.script.at(0, lambda: None, crash)
    play.submit()
    play.deliver()
    play.wait()
    play.exhaust()
    play.expose()
    play.quiet()
    play.act("retry")
    play.ends("completed")


def dead_in_a_paused_job(play: Play) -> None:
    play.house.script.at(0, crash)
    play.submit()
    play.deliver()
    play.wait()
    play.exhaust()
    play.act("pause")
    play.expose()
    play.bury()
    play.quiet()
    play.cover()
    play.act("resume")
    play.ends("completed")


def dead_finish(play: Play) -> None:
    play.submit(1, "book")
    play.deliver()
    play.follow()
    play.exhaust()
    play.expose()
    play.quiet()
    play.cover()
    play.act("retry")
    play.ends("completed")


def short_of_quota(play: Play) -> None:
    play.submit(2)
    play.expose()
    play.quiet()
    play.answered("POST", f"/api/accounts/{play.user}/grants", {"articles": 1}, {"idempotency-key": "grant"}, who=ADMIN)
    play.ends("completed")


def over_budget(play: Play) -> None:
    play.submit(2, budget=250)
    play.expose()
    play.quiet()
    play.answered("PATCH", f"{JOBS}/{play.job_id}", {"budget": None, "name": "paid"})
    play.ends("completed")


def in_turn(play: Play) -> None:
    play.submit()
    play.expose()
    play.submit(name="waits")
    play.ends("completed")


def deleted(play: Play) -> None:
    play.submit()
    play.quiet()
    play.expose()
    play.answered("DELETE", f"{JOBS}/{play.job_id}")
    play.is_gone()


def closed(play: Play) -> None:
    """An account, while a worker is at one of its items."""
    play.house.script.at(0, crash)
    play.submit(2)
    play.deliver()
    play.expose()
    play.answered("DELETE", "/api/account")
    play.is_gone()
    assert play.house.account(play.user).plan == "closed"


def edited(play: Play) -> None:
    """What it made."""
    play.job_id = play.answered("POST", JOBS, {"keywords": ["forex"], "settings": {"length": "short"}}).data["jobId"]
    play.quiet()
    play.expose()
    reply = play.answered("PATCH", f"{ARTICLES}/{play.job_id}-000000", {"content": "<p>Anew.</p>"})
    play.cover()
    assert reply.data["content"] == "<p>Anew.</p>"
    play.ends("completed")
