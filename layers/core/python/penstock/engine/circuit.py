"""Works a provider's breaker: looks at it before a call, tells it how the call ended, and probes.

A probe is a tiny call of nobody's item. It tells an outage from a line that makes its provider fail: where the probe is
answered, the fault was the line's own. Its cost is the operator's, and in the log.
"""

import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

from penstock.domain import breaker as moves
from penstock.domain.breaker import PROBE_SECONDS, Breaker
from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Prompt
from penstock.domain.work import LEAST_SECONDS_FOR_A_CALL
from penstock.domain.writes import BreakerOf, Refusal, Update
from penstock.engine.parts import Parts

log = logging.getLogger(__name__)

PROBE = Prompt(purpose="probe", system="", user="Answer with OK.", max_output=16)
# While somebody else probes, and what spreads those who wait for the same moment. Seconds.
SHORT_WAIT, JITTER = (2.0, 5.0), 5.0


class Circuit:
    """Of one call to `model`, which `provider` answers. `seconds_left` are those of the call, its probe included.

    The record is advice: where it cannot be read or written, the call goes on as if the breaker were closed."""

    def __init__(self, parts: Parts, provider: str, model: Model, seconds_left: Callable[[], float]) -> None:
        self._parts, self._provider, self._model = parts, provider, model
        self.seconds_left = seconds_left
        self._seen = Breaker(provider=provider)

    def admits(self) -> None:
        """Raises Limited where nobody must ask the provider now. Once a breaker is due, whoever comes first probes."""
        self._seen = self._look()
        if self._seen.is_open:
            wait = self._seen.closed_for(self._parts.clock())
            if wait:
                raise self._barred(self._seen, wait)
            self._half_open()
        if held := self._seen.held_for(self._model.id, self._parts.clock()):
            raise Limited(f"the limit of {self._model.id} is reached", retry_after=held + random.uniform(0, JITTER))

    def answered(self) -> None:
        """Nothing is written where nothing had failed."""
        if self._seen.failures:
            self._change(moves.answers(self._seen))

    def failed(self, fate: Transient) -> Fate:
        """What the fault means for the item: its own try, unless the provider is down."""
        if not fate.of_provider:
            self.answered()
            return fate
        found = self._change(moves.fails(self._provider))
        if found is None:
            return fate
        if found.is_open:
            return self._barred(found, found.closed_for(self._parts.clock()))
        return self._suspect(found, fate) if found.is_suspected else fate

    def limited(self, fate: Limited) -> Limited:
        """A key, a bill or an address that is wrong stops every call to the provider; a 429 those to its model."""
        now = self._parts.clock()
        if fate.operator:
            opened = self._opens(moves.opens_at_once(self._seen, fate.message, now))
            return self._barred(opened, fate.retry_after) if opened else fate
        if fate.retry_after:
            held = min(fate.retry_after, moves.LONGEST_WAIT)
            self._change(moves.holds(self._provider, self._model.id, now + int(held * 1000), now))
        return fate

    # ── probing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _half_open(self) -> None:
        """Returns where the provider answers. Raises Limited where it does not, or somebody else asks it."""
        prober = self._lease(self._seen, PROBE_SECONDS + LEAST_SECONDS_FOR_A_CALL)
        if prober is None:
            raise self._barred(self._seen, random.uniform(*SHORT_WAIT))
        fate = self._probe()
        if fate:
            raise self._verdict(self._seen, prober, fate)
        self._closes(self._seen, prober)
        self._seen = self._seen.model_copy(update={"open_until": None, "failures": 0})

    def _suspect(self, found: Breaker, fate: Transient) -> Fate:
        """So many faults in a row: of the provider, or of this line?"""
        if self.seconds_left() < LEAST_SECONDS_FOR_A_CALL:
            self._change(moves.falls_due(found, fate.message, self._parts.clock()))
            return fate
        prober = self._lease(found, LEAST_SECONDS_FOR_A_CALL)
        if prober is None:
            return Limited(fate.message, retry_after=random.uniform(*SHORT_WAIT))
        probed = self._probe()
        if probed:
            return self._verdict(found, prober, probed)
        self._closes(found, prober)
        return fate

    def _lease(self, found: Breaker, least: float) -> str | None:
        """The prober's name; None where another one is at it, or fewer than `least` seconds are left."""
        if self.seconds_left() < least:
            return None
        prober = self._parts.new_fence()
        leased = self._tell(moves.probes(found, prober, self._parts.clock()))
        return None if leased is None or isinstance(leased, Refusal) else prober

    def _probe(self) -> Fate | None:
        """How the provider fails; None where it answers, be it with a refusal or with what makes no sense."""
        fate: Fate | None = None
        try:
            used = self._parts.write(self._asked(), PROBE, min(PROBE_SECONDS, self.seconds_left())).usage
        except (Refused, Transient, Limited) as ended:
            used = ended.usage
            if isinstance(ended, Limited) or (isinstance(ended, Transient) and ended.of_provider):
                fate = ended
        found = {"provider": self._provider, "answered": fate is None, "cost": used.cost, "tokens": used.tokens}
        log.info("a provider was probed", extra=found)
        return fate

    def _asked(self) -> str:
        """The call's own model or, where that writes no text, the provider's first that does."""
        models = self._parts.models
        able = [each for each in models.able("text") if models.answered_by(each) == self._provider]
        return self._model.id if self._model in able or not able else able[0].id

    def _closes(self, found: Breaker, prober: str) -> None:
        """Refused, another prober was at it since; it will see the same."""
        told = self._tell(moves.closes(found, prober, self._parts.clock()))
        if found.is_open and told and not isinstance(told, Refusal):
            log.warning("a breaker closed", extra={"provider": self._provider})

    def _verdict(self, found: Breaker, prober: str, fate: Fate) -> Limited:
        """A provider that limits the probe is up: its breaker closes, and its model is held back."""
        now = self._parts.clock()
        if isinstance(fate, Limited) and not fate.operator:
            self._closes(found, prober)
            return self.limited(fate)
        wait = moves.LONGEST_WAIT if isinstance(fate, Limited) else found.next_wait(now)
        opened = self._opens(moves.opens(found, prober, fate.message, now, wait))
        if opened:
            return self._barred(opened, max(opened.closed_for(now), random.uniform(*SHORT_WAIT)))
        return Limited(fate.message, retry_after=random.uniform(*SHORT_WAIT))

    def _opens(self, update: Update) -> Breaker | None:
        """The open breaker, whoever opened it; None where it is not open after all."""
        told = self._tell(update)
        image = told.images[0] if isinstance(told, Refusal) else told
        opened = Breaker.of(self._provider, image)
        if told and not isinstance(told, Refusal):
            what = {"provider": self._provider, "reason": opened.reason, "wait": opened.wait}
            log.error("a breaker opened", extra=what)  # the template's alarm listens for this message
        return opened if opened.is_open else None

    def _barred(self, found: Breaker, wait: float) -> Limited:
        return Limited(found.text, retry_after=wait + random.uniform(0, JITTER), breaker=self._provider)

    # ── the record ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _look(self) -> Breaker:
        try:
            return Breaker.of(self._provider, self._parts.table.get(BreakerOf(self._provider)))
        except Exception:
            log.warning("a breaker could not be read", extra={"provider": self._provider}, exc_info=True)
            return self._seen

    def _change(self, update: Update) -> Breaker | None:
        """The record after the change or, where that was refused, as it stands; None where nobody could tell."""
        told = self._tell(update)
        if told is None:
            return None
        return Breaker.of(self._provider, told.images[0] if isinstance(told, Refusal) else told)

    def _tell(self, update: Update) -> Mapping[str, Any] | Refusal | None:
        try:
            return self._parts.table.update(update)
        except Exception:
            log.warning("a breaker could not be told", extra={"provider": self._provider}, exc_info=True)
            return None
