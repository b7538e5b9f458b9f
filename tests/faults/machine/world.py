"""A house with users, a queue, a stream and a janitor that can be put at odds with each other, and the model beside it:
whatever is done here is checked against what the model says of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from local.emulator import Emulator
from penstock.domain.errors import Conflict, Invalid, NotFound
from penstock.domain.quota import Needs, Usage
from penstock.engine import control
from penstock.engine.idempotency import KEPT_SECONDS, Once
from penstock.engine.parts import Identity, Parts
from penstock.engine.quota import grant
from penstock.engine.submit import Created, submit
from tests.clock import Crash
from tests.faults.machine.complaints import overheard
from tests.faults.machine.model import ACTIONS, Model
from tests.faults.machine.requests import Strike, Submission
from tests.faults.saboteur import Saboteur
from tests.faults.steps import LONG
from tests.house import House
from tests.invariants import check
from tests.queues import PRIORITIES, Delivery
from tests.toys import Act, ToyRequest
from tests.views import USER

USERS = (USER, Identity("user-b", "bob"))
CONTROLS: Mapping[str, Callable[[Parts, str, str], object]] = {name: getattr(control, name) for name in ACTIONS}
NOBODY_HEARD = "nobody heard"


class World:
    def __init__(self) -> None:
        self.opened = ExitStack()
        self.opened.enter_context(Emulator(port=None))
        self.house = self.opened.enter_context(House())
        self.saboteur = Saboteur(self.house)
        self.model = Model(self.house.parts.limits.plan, self.house.script.usage.tokens)
        self.complaints = self.opened.enter_context(overheard(self.house._context()))
        self.answers: dict[tuple[str, str], tuple[Submission, Created, int]] = {}  # by user and Idempotency-Key
        self.lossless = True
        self.orphaned: set[str] = set()  # jobs whose removal the dispatcher never heard of: their rows stay
        self._last: Delivery | None = None
        self._seen = self._requests = 0

    def begin(self, window: int, plan: Needs, usage: Usage) -> None:
        """`plan` is what a new account gets, `usage` what each call takes."""
        self.house.limit(window=window, plan=plan)
        self.house.script.usage = usage
        self.model = Model(plan, usage.tokens)

    def look(self) -> None:
        """The model learns what has happened."""
        self.house.unread()
        records = self.house.records[self._seen :]
        self._seen += len(records)
        self.model.take(records)

    def holds(self) -> None:
        """What is cheap enough to be asked after every step."""
        self.look()
        assert self.house.past is not None  # which judges what it takes
        assert not self.complaints.heard, self.complaints.heard
        assert self.model.granted == self.model.booked

    def struck(self, strike: Strike | None, call: Callable[[], Any]) -> Any:
        """What the call answers; NOBODY_HEARD where the process died of the strike."""
        if strike is None:
            return call()
        self.saboteur.arm(strike.at, strike.fault)
        try:
            return call()
        except Crash:
            return NOBODY_HEARD
        finally:
            self.saboteur.disarm()

    def meanwhile(self, at: int, somebody: Callable[[], object], another: Callable[[], object]) -> None:
        """`another` acts just before call number `at` of what `somebody` does."""

        def act(_saboteur: Saboteur, call: Callable[[], Any]) -> Any:
            another()
            return call()

        self.struck(Strike(at, act), somebody)

    # ── users ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, asked: Submission, strike: Strike | None = None) -> str | None:
        """The job that it made, if it made one. Who has a key sends the request until there is an answer."""
        self.look()
        known, before = self.answers.get((asked.who.user, asked.key or "")), set(self.model.jobs)
        began = self.house.clock.now // 1000
        if known and abs(began - known[2]) <= 2 * LONG:
            return None  # too near to the moment at which the key is forgotten
        answer = self.struck(strike, lambda: self._submitted(asked))
        if answer == NOBODY_HEARD and asked.key:
            answer = self._submitted(asked)
        self.look()
        made = sorted(set(self.model.jobs) - before)
        if answer == NOBODY_HEARD:
            assert len(made) <= 1, made
        elif known and began <= known[2]:
            assert answer == (known[1] if known[0] == asked else "invalid"), answer
            assert not made, made
        elif isinstance(answer, Created):
            assert made == [answer.job_id], f"{answer}, and what was made is {made}"
            if asked.key:
                self.answers[asked.who.user, asked.key] = asked, answer, began + KEPT_SECONDS
        else:
            raise AssertionError(answer)
        return made[0] if made else None

    def _submitted(self, asked: Submission) -> Created | str:
        try:
            return submit(self.house.parts, asked.who, ToyRequest.model_validate(asked.body), asked.once)
        except Invalid:
            return "invalid"

    def control(self, job_id: str, action: str, by: str, strike: Strike | None = None) -> None:
        """The answer is the model's. Who does not hear of it asks again."""
        self.look()
        expected, before = self.model.answer(job_id, action, by), self.model.jobs[job_id].run
        call = partial(CONTROLS[action], self.house.parts, by, job_id)
        answer = self._asked((job_id, action), strike, call)
        if answer == NOBODY_HEARD:
            self.control(job_id, action, by)
            return
        assert answer == expected or (strike and strike.takes_time), f"{action}: {answer}, not {expected}"
        if answer == "done" and not (strike and strike.takes_time):
            self._took_effect(job_id, action, before)

    def _asked(self, request: tuple[str, str] | None, strike: Strike | None, call: Callable[[], object]) -> str:
        self.model.asked = request
        answer = self.struck(strike, lambda: answered(call))
        self.look()
        self.model.asked = None
        return str(answer)

    def _took_effect(self, job_id: str, action: str, run: int) -> None:
        job = self.model.jobs[job_id]
        after = ACTIONS[action][1]
        assert job.state in ({after, "completed", "failed"} if after == "pending" else {after}), (action, job)
        assert job.run == run + (after == "pending"), (action, job)

    def set_budget(self, job_id: str, budget: int | None, by: str, strike: Strike | None = None) -> None:
        self.look()
        expected = self.model.answer_to_budget(job_id, budget, by)
        call = partial(control.edit, self.house.parts, by, job_id, budget=budget)
        answer = self._asked(None, strike, call)
        if answer == NOBODY_HEARD:
            self.set_budget(job_id, budget, by)
            return
        assert answer == expected or (strike and strike.takes_time), f"budget: {answer}, not {expected}"
        assert answer != "done" or self.model.jobs[job_id].budget == budget

    def grant(self, user: str, amount: Needs, strike: Strike | None = None) -> None:
        """Until there is an answer, and once more: it is the same grant."""
        self.look()
        self._requests += 1
        expected, once = self.model.answer_to_grant(user, amount), Once(f"grant-{self._requests}", "same")
        call = partial(grant, self.house.parts, user, amount, "", once)
        answer = self._asked(None, strike, call)
        if answer == NOBODY_HEARD:
            answer = self._asked(None, None, call)
        assert answer == expected or (strike and strike.takes_time), f"grant: {answer}, not {expected}"
        if answer == "done":
            self.model.granted[user] += amount
            assert self._asked(None, None, call) == "done"

    # ── the system ──────────────────────────────────────────────────────────────────────────────────────────────────

    def deliver(self, priority: str = "high", strike: Strike | None = None, acts: Sequence[Act] = ()) -> None:
        """`acts` are the provider's, call by call."""
        delivery = self._received(priority)
        if delivery is None:
            return
        self.house.script.acts[delivery.message.index, delivery.message.stage] = list(acts)
        self._last = delivery
        outer, self.saboteur.delivery = self.saboteur.delivery, delivery
        self.struck(strike, lambda: self.house.deliver(delivery))
        self.saboteur.delivery = outer

    def _received(self, priority: str) -> Delivery | None:
        """Where there is no message, what is waited for happens: one comes back, or is sent."""
        queues = self.house.queues
        for _ in range(3):
            delivery = queues.receive(priority) or queues.receive_any()
            if delivery:
                return delivery
            due = queues.due()
            self.follow() if due is None else self.advance(max(due - self.house.clock.seconds, 0.0) + 0.001)
        return None

    def show_again(self) -> None:
        """The message that was received last comes back, whatever its worker is at."""
        self.house.strict_lanes = False  # they rest on the queue's group lock
        if self._last:
            self.house.queues.show_again(self._last)

    def deliver_again(self) -> None:
        self.show_again()
        self.deliver()

    def bury(self, strike: Strike | None = None) -> None:
        self.struck(strike, self.house.bury_all)

    def sweep(self, strike: Strike | None = None) -> None:
        self.struck(strike, self.house.sweep)

    def follow(self, most: int | None = None, strike: Strike | None = None, times: int = 1) -> None:
        """The dispatcher reads a batch; what it did not end with is read again."""
        records = self.house.unread()[:most]
        end = self.house.position + len(records)
        heard = self.struck(strike, lambda: self.house.follow_records(records * times))
        if heard != NOBODY_HEARD:
            self.house.position = max(self.house.position, end)

    def lose_records(self, most: int) -> None:
        lost = self.house.unread()[:most]
        self.house.position += len(lost)
        self.lossless &= not lost
        self.orphaned |= {
            record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("JOB#")
            for record in lost
            if record["eventName"] == "REMOVE"
        }

    def check(self, *, ended: bool = False) -> None:
        self.look()
        check(self.house, ended=ended)

    def waiting(self, *, dead: bool = False) -> int:
        """The messages in all queues, hidden ones too."""
        return sum(self.house.queues.count(name, dead) for name in PRIORITIES)

    def advance(self, seconds: float = LONG) -> None:
        self.house.clock.advance(seconds)


def answered(call: Callable[[], object]) -> str:
    try:
        call()
    except Conflict:
        return "conflict"
    except NotFound:
        return "not found"
    return "done"
