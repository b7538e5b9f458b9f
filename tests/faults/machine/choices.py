"""What the rules choose from."""

from collections.abc import Callable, Mapping
from functools import partial

from hypothesis import strategies as st

from penstock.domain.errors import Limited, Refused, Transient
from penstock.domain.quota import Needs
from tests.faults.machine.requests import Strike
from tests.faults.machine.world import USERS
from tests.faults.saboteur import arrives_late, dies_after, dies_before, hangs
from tests.faults.steps import LONG
from tests.queues import PRIORITIES

Body = Mapping[str, object]

# Who can be met in the middle of something, and who comes then.
BUSY = ("deliver", "deliver", "follow", "sweep", "bury")
OTHERS = ("deliver", "deliver_again", "follow", "sweep", "bury", "advance", *USERS)
# What a user does before the other is done.
IN_A_ROW = [("pause",), ("pause", "resume"), ("resume",), ("cancel",), ("cancel", "delete"), ("retry",)]
# What a user does who does not want anything in particular: the first of it that is possible.
USUAL = ("retry", "resume", "pause")
FATES: Mapping[str, Callable[[], Exception]] = {
    "refused": partial(Refused, "no"),
    "transient": partial(Transient, "broken"),
    "a bug of ours": partial(ValueError, "broken"),
    "limited": partial(Limited, "429", retry_after=1),
    "limited for long": partial(Limited, "429", retry_after=100),
    "down": partial(Transient, "503", code="provider_failed"),
    "forbidden": partial(Limited, "check the key", retry_after=300, operator=True),
}

faults = st.sampled_from([dies_before, dies_after, hangs, arrives_late])
strikes = st.none() | st.builds(Strike, at=st.integers(0, 14), fault=faults)
strikes_at_work = st.builds(Strike, at=st.integers(0, 9), fault=faults)
fates = st.sampled_from(["refused", "refused", *FATES])
users = st.sampled_from(USERS)
strangers = st.sampled_from([False, False, False, True])
actions = st.sampled_from(["pause", "resume", "retry", "cancel", "delete"])
amounts = st.builds(Needs, st.sampled_from([100, 500, -50, -400]), st.sampled_from([0, 1, 3, -1]))
budgets = st.sampled_from([None, None, 0, 200, 500, 2_000])
keys = st.none() | st.sampled_from(["key-1", "key-2"])
priorities = st.sampled_from(PRIORITIES)
bodies = st.fixed_dictionaries(
    {
        "job_type": st.sampled_from(["toy", "stages", "book"]),
        "lines": st.sampled_from([1, 2, 3, 5]),
        "priority": st.sampled_from(["normal", "normal", *PRIORITIES]),
        "budget": st.none() | budgets,
    }
)
delays = st.sampled_from([6, 400, 870, 1_000])
waits = st.sampled_from([1, 30, 301, 901, 961, LONG, 4 * LONG])
randoms = st.randoms(use_true_random=False)
