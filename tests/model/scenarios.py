"""Small worlds, each with the faults and the users that belong together. The first are at peace with time: nothing is
lost, and everything must come right without a janitor."""

from collections.abc import Mapping

from tests.model.state import Batch, Scenario

ONE, TWO, THREE, FOUR = ((Batch(lines),) for lines in (1, 2, 3, 4))
TWICE, STAGED, CLOSED = (Batch(1), Batch(1)), (Batch(1, stages=2),), (Batch(1, finishes=True),)
STAGED_TWO = (Batch(2, stages=2),)


def _world(
    jobs: tuple[Batch, ...],
    *,
    lanes: int = 1,
    at_once: int = 9,
    window: int = 2,
    quota: int = 99,
    gift: int = 2,
    janitor: bool = False,
    **whims: int,
) -> Scenario:
    return Scenario(jobs, lanes, at_once, window, quota, gift, janitor=janitor, whims=whims)


SCENARIOS: Mapping[str, Scenario] = {
    "crash": _world(THREE, crash=2, dedup=1, sdup=1),
    "partial": _world(THREE, partial=1, crash=1, dedup=1),
    "visibility": _world(TWO, crash=1, lapse=1, slow=1, dedup=1),
    "failures": _world(THREE, transient=2, refused=1, crash=1),
    "transient": _world(TWO, window=1, transient=2, refused=1, lapse=1, dedup=1),
    "dead": _world(TWO, window=1, dead=1, redrive=1, crash=1, lapse=1),
    "dead, retry": _world(ONE, dead=2, crash=1, retry=1, redrive=1, slow=1),
    "window": _world(FOUR, window=1, crash=1, dedup=1),
    "pause": _world(TWO, window=1, pause=1, crash=1, dedup=1),
    "pause of three": _world(THREE, pause=1),
    "pause twice": _world(ONE, pause=2, crash=1, lapse=1, sdup=1),
    "pause, slow": _world(TWO, window=1, pause=1, slow=1),
    "pause, dead": _world(ONE, pause=2, dead=1, redrive=1, slow=1),
    "cancel": _world(TWO, window=1, cancel=1, lapse=1, dedup=1, crash=1),
    "cancel, dead": _world(ONE, cancel=1, pause=1, dead=1, crash=1, redrive=1),
    "delete": _world(TWO, window=1, cancel=1, delete=1, lapse=1, slow=1),
    "delete late": _world(ONE, refused=1, delete=1, retry=1, crash=1, lapse=1, dedup=1),
    "retry": _world(TWO, window=1, refused=2, retry=1, pause=1),
    "retry, slow": _world(ONE, refused=1, retry=1, crash=1, slow=1, dedup=1, sdup=1),
    "retry, crash": _world(TWO, window=1, refused=1, retry=1, crash=1),
    "janitors": _world(ONE, jan=2, crash=1, dedup=1),
    "janitor, slow": _world(TWO, window=1, jan=1, slow=1),
    "janitor, pause": _world(ONE, jan=1, pause=1, slow=1),
    "lanes": _world(FOUR, lanes=2, crash=1),
    "lanes, pause": _world(TWO, lanes=2, pause=1, lapse=1),
    "stages": _world(STAGED_TWO, crash=1, lapse=1),
    "stages, pause": _world(STAGED_TWO, window=1, pause=1),
    "stages, slow": _world(STAGED, crash=1, slow=1, pause=1, transient=1, refused=1),
    "stages, dead": _world(STAGED, dead=1, crash=1, slow=1, pause=1),
    "stages, retry": _world(STAGED, refused=1, retry=1, slow=1, transient=1),
    "stages, retry, pause": _world(STAGED, refused=1, retry=1, pause=1),
    "stages, cancel": _world(STAGED, cancel=1, crash=1, slow=1, pause=1),
    "finish": _world(CLOSED, crash=1, pause=1, dedup=1, slow=1),
    "finish, retry": _world(CLOSED, refused=1, retry=1, crash=1, dead=1),
    "finish, pause": _world(CLOSED, refused=1, retry=1, pause=1),
    "finish, cancel": _world(CLOSED, cancel=1, delete=1, crash=1, slow=1),
    "two jobs": _world((Batch(2), Batch(1)), window=1, crash=1),
    "turns": _world((*TWICE, Batch(1)), at_once=1, window=1, crash=1, sdup=1),
    "turns, pause": _world((Batch(2), Batch(2)), at_once=1, window=1, pause=1, refused=1),
    "turns, cancel": _world((*TWICE, Batch(1, stages=2)), at_once=1, cancel=1, delete=1, crash=1),
    "quota": _world(TWO, quota=2, grant=1, lapse=1),
    "quota, twice": _world(TWO, lanes=2, quota=3, lapse=1),
    "quota, lanes": _world(THREE, lanes=2, quota=3, refused=1),
    "quota, pause": _world(ONE, quota=1, gift=1, grant=1, pause=1, resume=1),
    # Something is lost, or only the account or the clock has changed: the janitor must bring it back.
    "loss": _world(TWO, window=1, janitor=True, lose=1, slost=1, crash=1),
    "loss of two": _world(THREE, janitor=True, lose=2),
    "loss, slow": _world(ONE, janitor=True, lose=1, slow=1, crash=1, jan=1, dedup=1),
    "pause, loss": _world(TWO, window=1, janitor=True, pause=1, lose=1, crash=1),
    "cancel, loss": _world(TWO, window=1, janitor=True, cancel=1, crash=1, lose=1, slow=1),
    "overrun": _world(ONE, janitor=True, pause=1, overrun=1, crash=1, dead=1),
    "overrun, cancel": _world(TWO, window=1, janitor=True, cancel=1, overrun=1, delete=1, jan=1),
    "cancel, stream": _world(ONE, janitor=True, cancel=1, crash=1, lose=1, slost=1, delete=1),
    "retry, loss": _world(ONE, janitor=True, refused=1, retry=1, lose=1, crash=1, dead=1),
    "lanes, loss": _world(THREE, lanes=2, janitor=True, lose=1, crash=1),
    "stages, loss": _world(STAGED, janitor=True, lose=1, slost=1, crash=1, slow=1),
    "finish, loss": _world(CLOSED, janitor=True, lose=1, slost=1, crash=1, pause=1),
    "quota, crash": _world(TWO, quota=2, janitor=True, grant=1, crash=1),
    "quota, jobs": _world(TWICE, quota=3, janitor=True, grant=1, refused=1),
    "quota, cancel": _world(TWICE, quota=2, janitor=True, cancel=1, crash=1, lose=1),
    "turns, loss": _world(TWICE, at_once=1, janitor=True, slost=2, lose=1, cancel=1),
    "provider": _world(TWO, window=1, janitor=True, limited=2, crash=1, pause=1),
    "provider, cancel": _world(STAGED, janitor=True, limited=2, cancel=1, slow=1),
    "provider, finish": _world(CLOSED, janitor=True, limited=2, pause=1, dead=1),
    "breaker": _world(TWO, window=1, janitor=True, outage=2, crash=1, pause=1),
    "breaker, lanes": _world(THREE, lanes=2, janitor=True, outage=1, limited=1, transient=1, cancel=1),
    "breaker, finish": _world(CLOSED, janitor=True, outage=2, resume=1, slow=1),
    "breaker, jobs": _world(TWICE, at_once=1, janitor=True, outage=1, lose=1, dead=1),
}

# What walks come to only now and then, and where.
SELDOM: Mapping[str, str] = {
    "dead letters releases the item": "stages, dead",
    "dead letters is to look again": "stages, dead",
    "dead letters finds the item held": "dead",
    "dead letters settles as failed, and dies": "dead",
    "dead letters drops a letter of a past run, and dies": "cancel, dead",
    "dead letters ends the job failed, and dies": "finish, retry",
    "dispatch dies of what is not there any more": "overrun, cancel",
    "dispatch finds a deleted job that still runs": "overrun, cancel",
    "dispatch finds that the breaker has closed": "breaker, jobs",
    "dispatch is too late to advance in the same place": "pause of three",
    "dispatch is too late to finish the job, which is pending": "retry, crash",
    "dispatch is too late to wake the job, which is paused (user)": "quota, pause",
    "dispatch is too late to wake the job, which is paused (user) in the same run": "quota, pause",
    "dispatch is too late to wake the job, which is pending (None)": "provider, finish",
    "grant dies": "quota, crash",
    "janitor finds no job": "overrun, cancel",
    "janitor must go on watching the job": "overrun",
    "janitor releases an item": "cancel, loss",
    "stage finds no stage to send": "stages, pause",
    "worker cannot pause: its run is past": "provider",
    "worker comes too late: somebody holds the item": "pause twice",
    "worker ends the job completed, and dies": "finish, cancel",
    "worker finds its claim ended": "dead, retry",
    "worker is barred by a 429": "breaker, lanes",
    "worker is barred by the breaker": "breaker, finish",
    "worker finds the item released": "overrun",
    "worker has nothing to release any more": "pause, dead",
    "worker is too late to take over": "dead, retry",
    "worker need not pause any more": "quota, lanes",
    "worker need not pause any more: the item is another's": "quota, twice",
    "worker pauses the job for quota, and dies": "quota, crash",
    "worker puts back": "provider",
    "worker queues the finish step again": "finish, pause",
    "worker settles its stage, and dies": "stages",
    "worker takes over; its tries are used up": "stages, slow",
}

# Where it shows that a mend of one of the seventeen mistakes is missing.
SHOWN_IN: Mapping[int, tuple[str, ...]] = {
    1: ("pause twice",),
    2: ("retry, crash",),
    3: ("quota",),
    4: ("quota, lanes", "quota, twice"),
    5: ("quota, pause",),
    6: ("stages, slow", "visibility", "stages, retry"),
    7: ("visibility", "pause twice"),
    8: ("retry",),
    9: ("pause, dead", "dead, retry"),
    10: ("loss",),
    11: ("cancel, loss", "pause, loss"),
    12: ("delete", "finish, cancel"),
    13: ("stages, pause", "stages, slow"),
    14: ("pause",),
    15: ("stages, retry", "stages, slow"),
    16: ("finish, retry", "finish, pause", "finish"),
    17: ("window", "crash"),
}


def _small(jobs: tuple[Batch, ...], *, quota: int = 99, gift: int = 2, janitor: bool = False, **whims: int) -> Scenario:
    bounds = {"window": 1, "quota": quota, "gift": gift, "workers": 1}
    return Scenario(jobs, **bounds, janitor=janitor, joined=True, whims=whims)


# So small that every state of them can be looked at.
SMALL: Mapping[str, Scenario] = {
    "two lines, a crash": _small(TWO, crash=1),
    "slow": Scenario(ONE, joined=True, whims={"slow": 1, "crash": 1}),
    "pause": _small(ONE, pause=1),
    "retry": _small(ONE, refused=1, retry=1),
    "stages": _small(STAGED, crash=1, transient=1),
    "finish": _small(CLOSED, crash=1, transient=1),
    "quota": _small(ONE, quota=1, gift=1, grant=1),
    "dead": _small(ONE, dead=1, crash=1),
    "loss": _small(ONE, janitor=True, lose=1),
    "cancel": _small(ONE, janitor=True, cancel=1, crash=1),
    "delete": _small(ONE, cancel=1, delete=1),
    "provider": _small(ONE, janitor=True, limited=1),
    "breaker": _small(ONE, janitor=True, outage=1),
}
