"""Limits of requests and tokens a minute, as one record for each model and minute of the clock."""

from penstock.domain.conditions import Absent, Condition, at_most, less
from penstock.domain.models import Model
from penstock.domain.prompts import ImagePrompt, MediaPrompt, Prompt
from penstock.domain.writes import MinuteOf, Update

MINUTE = 60_000
KEPT_SECONDS = 3600
BYTES_A_TOKEN = 3


def is_limited(model: Model) -> bool:
    return bool(model.requests_per_minute or model.tokens_per_minute)


def tokens(prompt: Prompt | MediaPrompt) -> int:
    """What the call is taken to use, before it is made: a third of its bytes, and all the output that it may have."""
    if isinstance(prompt, Prompt):
        return -(-prompt.most_input // BYTES_A_TOKEN) + prompt.max_output
    text = prompt.description if isinstance(prompt, ImagePrompt) else prompt.text
    return -(-len(text.encode()) // BYTES_A_TOKEN)


def takes(model: Model, used: int, now: int) -> Update:
    """A place in the minute of `now` (milliseconds since 1970). A call that is larger than the limit gets a minute of
    its own."""
    minute = now // MINUTE
    when: Condition | None = None
    if model.requests_per_minute:
        when = Absent("requests") | less("requests", model.requests_per_minute)
    if model.tokens_per_minute:
        room = Absent("tokens") | at_most("tokens", model.tokens_per_minute - used)
        when = when & room if when else room
    ttl = {"ttl": (minute + 1) * MINUTE // 1000 + KEPT_SECONDS}
    return Update(MinuteOf(model.id, minute), when, add={"requests": 1, "tokens": used}, first=ttl)


def seconds_to_next(now: int) -> float:
    return (MINUTE - now % MINUTE) / 1000
