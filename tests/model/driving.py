"""The real code, one step of the model at a time. What a step means for it is here; `reading` says what it came to."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from local import filters
from local.emulator.backlog import Entry
from penstock.domain.breaker import LONGEST_WAIT
from penstock.domain.kind import Kinds
from penstock.domain.models import Catalogue
from penstock.domain.quota import Needs
from penstock.domain.writes import BreakerOf, Update
from penstock.engine import control
from penstock.engine.claim import Done
from penstock.engine.dead_letters import bury
from penstock.engine.follow import follow
from penstock.engine.parts import Identity, Limits
from penstock.engine.quota import grant
from penstock.engine.submit import submit
from penstock.engine.sweep import sweep_job
from penstock.engine.work import work
from penstock.store import changes
from penstock.store.expressions import encode
from tests.house import House, dispatcher_filters
from tests.model import kinds
from tests.model.doors import Doors, Runner
from tests.model.groups import Groups, message_of
from tests.model.state import Scenario, State
from tests.model.step import Step
from tests.toys import MODEL

WORKER_SECONDS = 900.0
ACTS: dict[str, Callable[..., Any]] = {
    name: getattr(control, name) for name in ("pause", "resume", "cancel", "retry", "delete")
}


class Real:
    """The scenario in a house, for a user of its own. `runners` are its live processes, numbered as the model's."""

    def __init__(self, house: House, doors: Doors, scenario: Scenario, user: str) -> None:
        self.house, self.scenario, self._doors = house, scenario, doors
        self.who = Identity(user, user)
        self.groups = Groups(house, user, scenario.lanes)
        model = MODEL.model_copy(update={"provider": user})  # each scenario has a provider of its own, and its breaker
        self.parts = replace(
            house.parts,
            models=Catalogue([model], available=[user]),
            kinds=Kinds([kinds.kind(batch, scenario) for batch in dict.fromkeys(scenario.jobs)]),
            limits=Limits(window=scenario.window, plan=Needs(scenario.quota, 1_000)),
            write=kinds.provider(doors.asked),
        )
        self.observer = house.observer()
        self.runners: dict[int, Runner] = {}
        self.entries: dict[int, Entry] = {}
        self.batches: dict[int, list[Any]] = {}
        self.unread: list[list[Any]] = [[] for _ in scenario.jobs]
        self.last: list[Any] = [None for _ in scenario.jobs]
        self.waits: dict[tuple[int, int], list[Any]] = {}
        house.unread()
        self._position = len(house.records)
        self.jobs: list[str] = []
        for number, batch in enumerate(scenario.jobs, 1):
            self._begins(number, "user", partial(submit, self.parts, self.who, kinds.request(batch)))
            self.jobs = [job.job_id for job in self.observer.records.jobs(user)]
        self.listen()

    def close(self) -> None:
        for runner in self.runners.values():
            runner.kill()

    def _begins(self, pid: int, name: str, call: Callable[[], Any]) -> None:
        runner = Runner(name, call, self._doors)
        if runner.step:
            self.runners[pid] = runner
        else:
            assert not isinstance(runner.answer, Exception), f"{name} was refused: {runner.answer}"

    def play(self, step: Step, before: State) -> None:
        if step.name in ACTS:
            act, job_id = ACTS[step.name], self.jobs[step.number]
            self._begins(step.pid, "user", lambda: act(self.parts, self.who.user, job_id))
        else:
            getattr(self, f"_{step.name.replace(' ', '_')}")(step, before)
        self.listen()

    def listen(self) -> None:
        """What the stream has told since."""
        self.house.unread()
        for record in self.house.records[self._position :]:
            if filters.wanted(record, dispatcher_filters()):
                self._hears(record)
        self._position = len(self.house.records)

    def _hears(self, record: Any) -> None:
        place = record["dynamodb"]["Keys"]
        partition: str = place["pk"]["S"]
        kind, name = place["sk"]["S"].split("#")
        if kind == "JOB" and name in self.jobs:
            number = self.jobs.index(name)
            self.unread[number].append(record)
            self.last[number] = record
        elif kind == "ITEM" and partition.removeprefix("JOB#") in self.jobs:
            job = self.jobs.index(partition.removeprefix("JOB#"))
            self.waits.setdefault((job, int(name)), []).append(record)

    # ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, step: Step, before: State) -> None:
        runner = self.runners[step.pid]
        runner.goes(step.asked)
        if runner.step is None:
            del self.runners[step.pid]
            self._ends(step, before, runner)

    def _ends(self, step: Step, before: State, runner: Runner) -> None:
        process, entry = before.processes[step.pid], self.entries.pop(step.pid, None)
        batch = self.batches.pop(step.pid, None)
        if runner.died and batch:
            self._hear_again(process.actor, process.message.job, process.message.item, batch)
        if entry and isinstance(runner.answer, Done) and not step.dies:
            if process.actor == "dead letters":
                self.groups.remove_letter(entry)
            elif process.held:
                self.groups.remove(entry)

    def _hear_again(self, actor: str, job: int, item: int, batch: list[Any]) -> None:
        if actor == "stage":
            self.waits.setdefault((job, item), []).extend(batch)
        else:
            self.unread[job] = [*batch, *self.unread[job]]

    def _crash(self, step: Step, before: State) -> None:
        self.runners.pop(step.pid).kill()
        self.entries.pop(step.pid, None)
        process, batch = before.processes[step.pid], self.batches.pop(step.pid, None)
        if batch:
            self._hear_again(process.actor, process.message.job, process.message.item, batch)

    def _lapse(self, step: Step, before: State) -> None:
        """Only the message is not the worker's any more, and the model says whose it is."""

    def _slow(self, step: Step, before: State) -> None:
        process = before.processes[step.pid]
        if before.item(process.message).mine(process.fence):
            self._set_item(process.job, process.message.item, lease_until=0)

    _overrun = _slow

    # ── queue ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _receive(self, step: Step, before: State) -> None:
        entry = self.groups.lane(step.number)[0]
        self.entries[step.pid] = entry
        self._begins(step.pid, "worker", lambda: work(self.parts, message_of(entry), lambda: WORKER_SECONDS))

    def _lose(self, step: Step, before: State) -> None:
        self.groups.remove(self.groups.lane(step.number)[step.item])

    def _dead(self, step: Step, before: State) -> None:
        self.groups.bury(self.groups.lane(step.number)[0])

    def _dedup(self, step: Step, before: State) -> None:
        self.groups.forget()

    def _letter(self, step: Step, before: State) -> Entry:
        wanted = before.dead[step.number]
        place = (self.jobs[wanted.job], *wanted[1:])
        return next(each for each in self.groups.letters() if _place(each) == place)

    def _bury(self, step: Step, before: State) -> None:
        letter = self._letter(step, before)
        self.entries[step.pid] = letter
        self._begins(step.pid, "dead letters", lambda: bury(self.parts, message_of(letter)))

    def _redrive(self, step: Step, before: State) -> None:
        self.groups.send_again(self._letter(step, before))

    def _lose_letter(self, step: Step, before: State) -> None:
        self.groups.remove_letter(self._letter(step, before))

    # ── stream ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, step: Step, before: State) -> None:
        batch, self.unread[step.number] = self.unread[step.number][: step.item], self.unread[step.number][step.item :]
        self._follows(step.pid, "dispatch", batch)

    def _read_stage(self, step: Step, before: State) -> None:
        record = self.waits[(step.number, step.item)].pop(0)
        self._follows(step.pid, "stage", [record])

    def _follows(self, pid: int, name: str, batch: list[Any]) -> None:
        (change,) = changes.read(batch)
        self._begins(pid, name, lambda: follow(self.parts, change))
        if pid in self.runners:
            self.batches[pid] = batch

    def _lose_stage(self, step: Step, before: State) -> None:
        self.waits[(step.number, step.item)].pop(0)

    def _lose_change(self, step: Step, before: State) -> None:
        self.unread[step.number].pop(0)

    def _double_change(self, step: Step, before: State) -> None:
        self.unread[step.number].append(self.last[step.number])

    # ── time, janitor, people ───────────────────────────────────────────────────────────────────────────────────────

    def _lease(self, step: Step, before: State) -> None:
        self._set_item(step.number, step.item, lease_until=0)

    def _still(self, step: Step, before: State) -> None:
        self._set_job(step.number, last_activity_at=0)

    def _provider(self, step: Step, before: State) -> None:
        self._set_job(step.number, resume_at=1)

    def _opens(self, step: Step, before: State) -> None:
        now = self.house.clock()
        self._set_breaker({"open_until": now + LONGEST_WAIT * 1000, "opened_at": now, "reason": "an outage"})

    def _closes(self, step: Step, before: State) -> None:
        self._set_breaker({"open_until": None, "opened_at": None})

    def _unheld(self, step: Step, before: State) -> None:
        self._set_breaker({f"held#{MODEL.id}": None})

    def _set_breaker(self, fields: dict[str, Any]) -> None:
        self.observer.table.update(Update(BreakerOf(self.who.user), set=fields))

    def _set_item(self, job: int, item: int, **fields: int) -> None:
        self._set({"pk": f"JOB#{self.jobs[job]}", "sk": f"ITEM#{item:06d}"}, **fields)

    def _set_job(self, job: int, **fields: int) -> None:
        self._set({"pk": f"USER#{self.who.user}", "sk": f"JOB#{self.jobs[job]}"}, **fields)

    def _set(self, key: dict[str, str], **fields: int) -> None:
        """Time passes for one record alone. The stream says nothing of it."""
        ((name, value),) = fields.items()
        change = {"UpdateExpression": f"SET {name} = :v", "ExpressionAttributeValues": encode({":v": value})}
        self.house.tables.client.update_item(TableName=self.house.tables.name, Key=encode(key), **change)
        self.house.unread()
        self._position = len(self.house.records)

    def _sweep(self, step: Step, before: State) -> None:
        job_id = self.jobs[step.number]
        self._begins(step.pid, "janitor", lambda: sweep_job(self.parts, self.who.user, job_id))

    def _grant(self, step: Step, before: State) -> None:
        gift = Needs(tokens=self.scenario.gift)
        self._begins(step.pid, "grant", lambda: grant(self.parts, self.who.user, gift, ""))


def _place(entry: Entry) -> tuple[Any, ...]:
    message = message_of(entry)
    return message.job_id, message.index, message.stage, message.run, message.retried_in
