"""What a mutant is; and those of claims and settles. The others are in `mutants`."""

from dataclasses import dataclass

from tests.faults.edits import Edit
from tests.faults.mends import CLAIM, DEAD, SETTLE, WORK

RELEASE = "engine/release.py"


@dataclass(frozen=True)
class Mutant:
    name: str
    test: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        return self.name


def mutant(name: str, test: str, file: str, old: str, new: str = "") -> Mutant:
    """`test` is the one that must notice; it is named below `tests`."""
    return Mutant(name, f"tests/{test}", (Edit(file, old, new),))


ENGINE, STORE, USAGE = (f"integration/test_{name}.py::test_" for name in ("engine", "store", "api_accounts"))
SENT, ITEMS, FINISH = (f"faults/test_{name}.py::test_" for name in ("protocol", "protocol_items", "finish_step"))
MONEY, LIVENESS, LIMITS, LATE = (
    f"faults/test_{name}.py::test_" for name in ("money", "liveness", "limits", "late_writes")
)

LEDGER = "settlement.ledger(parts, Entry.CHARGE, Needs() - used),\n            "

CLAIMS = (
    mutant(
        "claim-in-any-job",
        ENGINE + "a_paused_job_lets_the_next_one_go",
        CLAIM,
        "alive = current(message.run) & unexpired(now)",
        "alive = unexpired(now)",
    ),
    mutant(
        "claim-after-the-deadline",
        LIMITS + "after_its_deadline_no_line_of_a_job_is_begun",
        CLAIM,
        "current(message.run) & unexpired(now)",
        "current(message.run)",
    ),
    mutant(
        "claim-without-budget",
        ENGINE + "a_budget_pauses_and_raising_it_resumes",
        CLAIM,
        'when &= at_least("budget_left", needs.cost)',
        "pass",
    ),
    mutant(
        "claim-without-money",
        ENGINE + "out_of_quota_pauses_and_a_grant_resumes",
        CLAIM,
        "can_pay(needs), add=payment",
        "EXISTS, add=payment",
    ),
    mutant(
        "claim-not-counted-as-running",
        ENGINE + "a_job_runs_to_its_end_and_is_charged_once_a_line",
        CLAIM,
        '{"running": 1, "budget',
        '{"running": 0, "budget',
    ),
    mutant(
        "claim-takes-no-money",
        ENGINE + "a_job_runs_to_its_end_and_is_charged_once_a_line",
        CLAIM,
        "can_pay(needs), add=payment",
        "can_pay(needs)",
    ),
    Mutant(
        "take-over-of-a-live-worker",
        f"tests/{ITEMS}7_a_live_worker_keeps_its_item",
        (
            Edit(
                CLAIM,
                "    if not expired(now).holds(image):\n        return Later",
                "    if False:\n        return Later",
            ),
            Edit(CLAIM, "abandoned(item.fence, now), set=fields", 'RUNNING & equals("fence", item.fence), set=fields'),
        ),
    ),
    mutant(
        "take-over-of-what-changed",
        LATE + "a_take_over_finds_that_another_was_first",
        CLAIM,
        "abandoned(item.fence, now), set=fields",
        "RUNNING, set=fields",
    ),
    mutant(
        "take-over-is-no-try",
        LIMITS + "used_up_tries_fail_at_the_first_step_that_is_not_stored",
        CLAIM,
        'set=fields, add={"tries": 1}),',
        "set=fields),",
    ),
    mutant(
        "calls-without-end",
        LIMITS + "used_up_tries_fail_at_the_first_step_that_is_not_stored",
        CLAIM,
        "may_call=item.tries < attempt.max_tries",
        "may_call=True",
    ),
    mutant(
        "steps-paid-for-again",
        ENGINE + "retry_runs_the_failed_lines_alone_and_replays_their_stored_steps",
        CLAIM,
        "untouched=variant.when == NEW",
        "untouched=True",
    ),
    mutant(
        "pause-forgets-what-it-needs",
        ENGINE + "out_of_quota_pauses_and_a_grant_resumes",
        CLAIM,
        '"pause_needs": asked',
        '"pause_needs": None',
    ),
    mutant(
        "pause-in-another-run",
        LATE + "a_pause_for_quota_finds_the_job_cancelled",
        CLAIM,
        "if budget else current(message.run)",
        "if budget else EXISTS",
    ),
    mutant(
        "lost-answer-holds-the-lane",
        LIVENESS + "a_claim_whose_answer_was_lost_does_not_block_its_lane",
        WORK,
        'parts.table.update(Update(item, mine(attempt.fence), set={"lease_until": 0}))',
    ),
)
SETTLES = (
    mutant(
        "no-refund-on-failure",
        ENGINE + "a_slow_item_of_a_cancelled_job_stops_and_is_not_charged",
        SETTLE,
        "account_gets(settlement.reserved + refund",
        "account_gets(refund",
    ),
    mutant(
        "no-ledger-row-of-a-charge",
        ENGINE + "a_job_runs_to_its_end_and_is_charged_once_a_line",
        SETTLE,
        LEDGER + 'settlement.usage(outcome, "items_done"),',
        'settlement.usage(outcome, "items_done"),',
    ),
    mutant(
        "no-ledger-row-of-a-stage",
        ENGINE + "stages_follow_each_other_and_a_failure_refunds_all_of_them",
        SETTLE,
        LEDGER + 'settlement.usage(outcome, "stages_done"),',
        'settlement.usage(outcome, "stages_done"),',
    ),
    mutant("no-usage-row", USAGE + "work_is_charged_and_told", SETTLE, 'settlement.usage(outcome, "items_done"),'),
    mutant(
        "charge-above-the-reservation",
        MONEY + "nobody_is_charged_more_than_was_reserved",
        SETTLE,
        ".within(settlement.reserved)",
    ),
    mutant(
        "budget-not-given-back",
        ENGINE + "a_job_runs_to_its_end_and_is_charged_once_a_line",
        SETTLE,
        '"budget_left": self.reserved.cost - spent',
        '"budget_left": -spent',
    ),
    mutant(
        "put-back-keeps-the-money",
        LIMITS + "a_limited_provider_uses_up_no_try_and_pauses_the_job",
        RELEASE,
        "account_gets(settlement.reserved, {",
        "account_gets(Needs(), {",
    ),
    mutant(
        "release-keeps-the-money",
        ITEMS + "11_a_reservation_in_a_job_that_stands_still_goes_back",
        RELEASE,
        "        settlement.account_gets(item.reserved),\n",
    ),
    mutant(
        "release-of-what-changed",
        LATE + "a_release_finds_that_a_worker_took_over",
        RELEASE,
        "abandoned(item.fence, now), now)",
        "RUNNING, now)",
    ),
    mutant(
        "given-back-yet-leased",
        LIMITS + "a_hiccup_costs_seconds_not_the_rest_of_the_lease",
        RELEASE,
        'over = {"lease_until": 0, ',
        "over = {",
    ),
    mutant(
        "a-429-is-a-try",
        LIMITS + "a_limited_provider_uses_up_no_try_and_pauses_the_job",
        WORK,
        '{"tries": -1, "limited": 1}',
        '{"limited": 1}',
    ),
    mutant(
        "429s-without-end",
        LIMITS + "a_limited_provider_uses_up_no_try_and_pauses_the_job",
        WORK,
        "if item.limited + 1 < LIMITED_IN_A_ROW and",
        "if",
    ),
    mutant(
        "records-out-of-nothing",
        MONEY + "closing_in_the_middle_of_an_item_leaves_no_ghost",
        "domain/conditions.py",
        'EXISTS = Present("pk")',
        'EXISTS = Absent("none")',
    ),
    mutant(
        "dead-letter-over-a-live-worker",
        LATE + "a_dead_letter_finds_that_a_worker_took_over",
        DEAD,
        'abandoned(image["fence"], now)',
        "RUNNING",
    ),
    mutant(
        "finish-of-a-paused-job",
        SENT + "16_a_finish_step_belongs_to_its_run",
        "engine/finish.py",
        'current(finish.run) & equals("remaining", 0)',
        "EXISTS",
    ),
)
