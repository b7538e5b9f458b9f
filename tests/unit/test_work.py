"""Steps: stored before anything follows, paid for once."""

from dataclasses import replace
from functools import partial

import pytest

from penstock.domain.errors import OutOfTime, Refused, Stopped
from penstock.domain.prompts import Completion, ImagePrompt, Media, MediaPrompt, Prompt
from penstock.domain.quota import Usage
from penstock.domain.work import Effects, StoredStep, Work

ASK = Prompt(purpose="content", system="", user="hello", max_output=5)
USED = Usage(input=3, output=4, calls=1, cost=9)


class Desk:
    """Effects in memory: what was stored, what was called, a clock of seconds left."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.saved: list[bytes] = []
        self.calls = 0
        self.left = 900.0
        self.cost_of_call = 1.0
        self.cancelled = False

    def call(self, model: str, prompt: Prompt, seconds: float) -> Completion:
        self.calls += 1
        self.left -= self.cost_of_call
        return Completion(text=f"{model}: {prompt.user}", usage=USED, written_by="toy")

    def make(self, model: str, prompt: MediaPrompt, seconds: float) -> Media:
        self.calls += 1
        return Media(data=f"{model}: {prompt.purpose}".encode(), media_type="image/png", usage=USED, written_by="toy")

    def save(self, media: Media) -> str:
        self.saved.append(media.data)
        return f"file {len(self.saved)}"

    def load(self, name: str) -> StoredStep | None:
        return StoredStep.decode(self.stored[name]) if name in self.stored else None

    def keep(self, name: str, step: StoredStep) -> StoredStep:
        return StoredStep.decode(self.stored.setdefault(name, step.encode()))

    def work(self, *, may_call: bool = True, retry: int = 0) -> Work:
        effects = Effects(
            call=self.call,
            make=self.make,
            save=self.save,
            load=self.load,
            keep=self.keep,
            seconds_left=lambda: self.left,
            cancelled=lambda: self.cancelled,
            may_call=may_call,
        )
        return Work("u", "j", 0, 1, {}, {"model": "m"}, effects, retry=retry)


def test_a_stored_step_makes_no_call_and_still_counts() -> None:
    desk = Desk()
    first, second = desk.work(), desk.work()
    made = [work.step("content", partial(work.text, ASK)) for work in (first, second)]
    assert made == ["m: hello"] * 2
    assert desk.calls == 1
    assert first.usage == second.usage == USED
    assert first.billed == second.billed == USED, "not booked before: the first worker may have crashed"
    assert second.written_by == "toy"
    assert (first.stored_anew, second.stored_anew) == (1, 0)


def test_what_an_earlier_retry_paid_is_charged_but_not_booked_again() -> None:
    desk = Desk()
    desk.work().step("content", lambda: "x")
    first = desk.work()
    first.step("outline", lambda: first.text(ASK))
    again = desk.work(retry=2)
    again.step("outline", lambda: again.text(ASK))
    assert (again.usage, again.billed) == (USED, Usage())


def test_the_result_that_was_stored_first_is_the_one_to_go_on_with() -> None:
    desk = Desk()
    desk.stored["content"] = StoredStep("theirs", Usage(output=1)).encode()
    work = desk.work()
    work.effects = replace(work.effects, load=lambda _: None)
    assert work.step("content", lambda: "mine") == "theirs"


def test_a_picture_is_saved_once_and_its_name_is_the_steps_value() -> None:
    desk = Desk()
    for work in (desk.work(), desk.work()):
        name = work.step("image-1", lambda: work.make("painter", ImagePrompt(purpose="image-1", description="a cat")))  # noqa: B023
        assert (name, work.usage) == ("file 1", USED)
    assert desk.saved == [b"painter: image-1"]


def test_a_call_outside_a_step_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="outside"):
        Desk().work().text(ASK)


def test_the_calls_of_a_step_that_failed_are_billed_but_not_charged() -> None:
    work = Desk().work()

    def fail() -> None:
        work.text(ASK)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is ours, above
        work.step("content", fail)
    assert (work.usage, work.billed) == (Usage(), USED)


def test_used_up_tries_forbid_new_calls_not_replays() -> None:
    desk = Desk()
    desk.work().step("outline", lambda: "kept")
    work = desk.work(may_call=False)
    assert work.step("outline", lambda: "new") == "kept"
    with pytest.raises(Refused, match="content"):
        work.step("content", lambda: "new")


def test_too_little_time_for_a_call_is_said_before_it() -> None:
    desk = Desk()
    desk.left = 9.0
    with pytest.raises(OutOfTime):
        desk.work().step("content", lambda: "x")


def test_after_a_slow_step_a_cancelled_job_is_noticed() -> None:
    desk = Desk()
    work = desk.work()
    desk.cancelled = True
    work.step("outline", lambda: work.text(ASK))
    work.step("quick", lambda: "not looked: the step before took a second")
    desk.cost_of_call = 6.0
    work.step("content", lambda: work.text(ASK))
    with pytest.raises(Stopped):
        work.step("metadata", lambda: "x")
