"""How long a provider asks to be left alone."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# Nobody's item failed where the key, the bill or the address is wrong: the job waits, and asks again this often. Above
# the engine's longest wait with a message in hand, so that the job pauses and says why. Seconds.
OPERATOR_PAUSE = 300.0
LONGEST_WAIT = 86_400.0


def wait_asked_for(headers: Mapping[str, str], now: float) -> float:
    """Seconds, 0 where none are named. A date counts from the answer's own `Date`, whatever this machine's clock
    says. What no one would wait for is cut to a day."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (seconds := _number(headers.get(name))) is not None:
            return _bounded(seconds / unit)
    until, sent = _date(headers.get("retry-after")), _date(headers.get("date"))
    return 0.0 if until is None else _bounded(until - (now if sent is None else sent))


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return None
