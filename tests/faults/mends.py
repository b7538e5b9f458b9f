"""The mends of the protocol: for each what takes it out again, the schedule that must then fail, and a part of what the
failure says.

Where the code has a second line of defence, one mend out does no harm: both are taken out, and `second` says what the
other one is."""

from dataclasses import dataclass

from tests.faults.edits import Edit


@dataclass(frozen=True)
class Mend:
    """`number` is the mistake's, of the seventeen."""

    number: int
    name: str
    schedule: str
    shows: str
    edits: tuple[Edit, ...]
    second: str = ""

    def __str__(self) -> str:
        return f"{self.number}-{self.name}"


def _sent(number: int, name: str, test: str, shows: str, *edits: Edit, second: str = "") -> Mend:
    return Mend(number, name, f"tests/faults/test_protocol.py::test_{number}_{test}", shows, edits, second)


def _item(number: int, name: str, test: str, shows: str, *edits: Edit, second: str = "") -> Mend:
    return Mend(number, name, f"tests/faults/test_protocol_items.py::test_{number}_{test}", shows, edits, second)


CLAIM, DEAD, DISPATCH, ITEM = "engine/claim.py", "engine/dead_letters.py", "engine/dispatch.py", "domain/item.py"
SETTLE, SWEEP, WORK = "engine/settle.py", "engine/sweep.py", "engine/work.py"

PENDING, PAUSED, FAILED = ("'completed'>.*- completed.*[+] " + status for status in ("pending", "paused", "failed"))
STILL_SETTLES = "the fence fence-1 still settles"
CHARGED_TWICE = r"assert 180 == \(4 \* 30\)"

ADVANCE = Edit(DISPATCH, 'equals("run", job.run) & equals("cursor", job.cursor)', 'equals("cursor", job.cursor)')
FINISH = Edit(DISPATCH, 'when = current(job.run) & equals("remaining", 0)', "when = ACTIVE")
MONEY_FIRST = Edit(
    CLAIM,
    "    if refusal.failed[1]:\n        return _judge_item",
    "    if refusal.failed[1] and not refusal.failed[2]:\n        return _judge_item",
)
NO_ITEM_CHECK = Edit(CLAIM, "Check(ItemOf(message.job_id, message.index), claimable(message)),", "")
NO_ACCOUNT_CHECK = Edit(CLAIM, "writes.append(Check(AccountOf(message.user), EXISTS & short_of(needs)))", "pass")
NO_WAKING = Edit(
    DISPATCH, "return job.pause_reason in SYSTEM_REASONS", "return job.pause_reason == PauseReason.PROVIDER"
)
SEEN = '& equals("pause_reason", job.pause_reason) & equals("run", job.run)'
WAKES_ANY = Edit(DISPATCH, SEEN, "")
WAKES_ANY_REASON = Edit(DISPATCH, SEEN, '& equals("run", job.run)')
NO_FENCE = Edit(ITEM, 'return RUNNING & equals("fence", fence)', "return RUNNING")
TRIES_AS_FENCE = (
    Edit(WORK, "Attempt(message, needs, parts.new_fence(),", 'Attempt(message, needs, "1",'),
    Edit(CLAIM, 'fields = {"fence": attempt.fence,', 'fields = {"fence": str(item.tries + 1),'),
    Edit(CLAIM, "Claim(message, attempt.fence, item.reserved,", "Claim(message, str(item.tries + 1), item.reserved,"),
)
TRIES_OVER_STAGES = Edit(SETTLE, "stage=stage + 1, tries=0, limited=0", "stage=stage + 1, limited=0")
TRIES_OVER_RETRIES = (
    Edit(CLAIM, 'anew = {"tries": 1, "limited"', 'anew = {"limited"'),
    Edit(CLAIM, "Variant(reopened(message), set=anew)", 'Variant(reopened(message), set=anew, add={"tries": 1})'),
)
NO_LEASE = Edit(ITEM, 'return less("lease_until", now)', 'return less("lease_until", now + 10**12)')
REOPENED_BY_RUN = (
    Edit(
        ITEM,
        'equals("status", ItemStatus.FAILED) & less("run", message.retried_in)',
        'equals("status", ItemStatus.FAILED) & less("run", message.run)',
    ),
    Edit("domain/message.py", "return self.is_finish or self.retried_in > 0", "return True"),
    Edit(DISPATCH, "stage = item.stage_to_do(job.retried_in)", "stage = item.stage_to_do(job.run)"),
)
BURIED_IN_ANY_RUN = Edit(DEAD, "if not (job.active and job.run == message.run):", "if not job.active:")
FAILED_IN_ANY_RUN = Edit(DEAD, "when=current(message.run), **fields", "**fields")
RETRY_NOT_OF_THE_MESSAGE = Edit(
    DEAD,
    "    image = parts.table.get(ItemOf(message.job_id, message.index))",
    '    message = message.model_copy(update={"retried_in": job.retried_in})\n'
    "    image = parts.table.get(ItemOf(message.job_id, message.index))",
)
NO_REVIVAL = Edit(SWEEP, "if (job.sent or job.cursor) and now -", "if job.run == 0 and now -")
NO_RELEASE = Edit(SWEEP, "    if job.running:\n        _release_abandoned(parts, job, now)\n", "")
DELETED_WHILE_RUNNING = (
    Edit(
        DISPATCH,
        "    if job.running == 0:\n        parts.table.transact([Delete",
        "    if job:\n        parts.table.transact([Delete",
    ),
    Edit(DISPATCH, 'Present("deleted_at") & equals("running", 0)', 'Present("deleted_at")'),
)
RUN_OF_THE_IMAGE = Edit(
    "engine/follow.py",
    "send_lines(parts, job, [(item.index, item.stage)])",
    'send_lines(parts, job.model_copy(update={"run": image.run}), [(item.index, item.stage)])',
)
SETTLED_OF_THIS_RUN = Edit(
    SETTLE,
    '    counts = {"completed": 1, "remaining": -1, "settled": 1} | _spent(used)',
    "    job = parts.records.job(settlement.user, settlement.job_id)\n"
    "    item = parts.records.item(settlement.job_id, settlement.index)\n"
    "    same = int(job is not None and item is not None and job.run == item.run)\n"
    '    counts = {"completed": 1, "remaining": -1, "settled": same} | _spent(used)',
)
NO_REFUND = Edit(SETTLE, "refund = settlement.charged", "refund = Needs()")
RETRIED_WHERE_IT_FAILED = (
    Edit(ITEM, "self.run < retried_in:\n            return 0", "self.run < retried_in:\n            return self.stage"),
    Edit(
        ITEM,
        "        return waiting(message.stage)\n    return waiting(0)",
        "        return waiting(message.stage) | reopened(message)\n    return waiting(0)",
    ),
    Edit(CLAIM, "if message.reopens and message.stage == 0 else []", "if message.reopens else []"),
)
FINISH_WITHOUT_ITS_JOB = Edit(
    "engine/finish.py", "finish, ItemStatus.QUEUED, None, 0, EXISTS", "finish, ItemStatus.DONE, None, 0, EXISTS"
)
FINISH_ONCE = Edit(
    ITEM,
    'return one_of("status", TERMINAL) & less("run", message.run)',
    'return equals("status", ItemStatus.FAILED) & less("run", message.run)',
)
SENT_ARE_THE_CHOSEN = Edit(DISPATCH, "if each.run == job.run and each.index < end", "if each.run < 0")

DONE_ANEW = "tests/faults/test_finish_step.py::test_after_a_retry_of_lines_it_is_done_anew"
WOKEN = "a_users_pause_is_not_undone_by_a_grant"
AGAIN, TWICE = "the pause tests the item again", "the run is read, and tested again by the write"

MENDS = (
    _sent(1, "advance-run", "a_stalled_dispatch_does_not_advance_a_later_run", PENDING, ADVANCE),
    _sent(2, "finish-guard", "a_job_with_open_lines_is_not_finished_by_an_old_look", r"\(1, 0\) == \(0, 0\)", FINISH),
    _item(
        3,
        "verdict-order",
        "a_job_does_not_pause_for_want_of_its_own_reservation",
        PAUSED,
        MONEY_FIRST,
        NO_ITEM_CHECK,
        second=AGAIN,
    ),
    _item(
        3,
        "verdict-order-for-a-duplicate",
        "nor_because_of_a_duplicate_of_the_line_that_used_the_last_tokens",
        PAUSED,
        MONEY_FIRST,
        NO_ITEM_CHECK,
        second=AGAIN,
    ),
    _item(3, "verdict-order-alone", "a_job_does_not_pause_for_want_of_its_own_reservation", FAILED, MONEY_FIRST),
    _sent(4, "quota-dispatch", "a_job_that_can_pay_again_wakes_by_itself", "'paused'>, 1", NO_WAKING),
    _sent(4, "quota-dispatch-lost-grant", "a_grant_whose_resumes_are_lost_is_made_up_for", PAUSED, NO_WAKING),
    _sent(
        4,
        "pause-check-of-the-account",
        "a_grant_between_the_refusal_and_the_pause_is_seen",
        PAUSED,
        NO_ACCOUNT_CHECK,
        NO_WAKING,
        second="dispatch wakes a job that can pay",
    ),
    _sent(4, "pause-check-of-the-item", "a_pause_finds_the_last_line_settled_by_another", PAUSED, NO_ITEM_CHECK),
    _sent(5, "grant-guard-of-the-run", f"{WOKEN}[resume_and_pause]", "None == <PauseReason.USER", WAKES_ANY),
    _sent(5, "grant-guard-of-the-reason", f"{WOKEN}[pause_alone]", "None == <PauseReason.USER", WAKES_ANY_REASON),
    _item(6, "fence", "a_worker_that_outlived_its_lease_cannot_settle_a_later_stage", CHARGED_TWICE, NO_FENCE),
    _item(
        6,
        "fence-within-a-stage",
        "a_worker_that_outlived_its_lease_cannot_settle_the_stage_that_another_is_at",
        STILL_SETTLES,
        NO_FENCE,
    ),
    _item(
        6,
        "fence-is-no-number-of-tries",
        "a_worker_that_outlived_its_lease_cannot_settle_a_later_stage",
        CHARGED_TWICE,
        *TRIES_AS_FENCE,
    ),
    _item(6, "tries-reset-by-a-stage", "every_stage_has_its_own_tries", FAILED, TRIES_OVER_STAGES),
    _item(6, "tries-reset-by-a-retry", "every_retry_has_its_own_tries", FAILED, *TRIES_OVER_RETRIES),
    _item(7, "lease", "a_live_worker_keeps_its_item", "two claims in one lane", NO_LEASE),
    _item(
        8,
        "retry-run",
        "pause_and_resume_does_not_reopen_failed_lines",
        r"\(2, 3, 0, 0\) == \(2, 1, 0, 0\)",
        *REOPENED_BY_RUN,
    ),
    _item(
        9,
        "dead-letter-run",
        "a_dead_letter_of_a_past_run_does_not_fail_a_line_of_this_one",
        "assert 1 == 2",
        BURIED_IN_ANY_RUN,
        FAILED_IN_ANY_RUN,
        second=TWICE,
    ),
    _item(9, "dead-letter-run-at-the-write", "nor_if_the_run_changes_while_it_is_judged", "1 == 2", FAILED_IN_ANY_RUN),
    _item(
        9,
        "dead-letter-run-after-a-retry",
        "a_dead_letter_twice_fails_its_line_once",
        r"\(1, 1, 0, 0\) == \(1, 0, 0, 0\)",
        BURIED_IN_ANY_RUN,
        FAILED_IN_ANY_RUN,
        RETRY_NOT_OF_THE_MESSAGE,
        second=f"{TWICE}; the message says of which retry it is",
    ),
    _sent(10, "janitor-run", "what_was_lost_comes_back", PENDING, NO_REVIVAL),
    _item(11, "janitor-orphans", "a_reservation_in_a_job_that_stands_still_goes_back", "99900 == 100000", NO_RELEASE),
    _item(
        12,
        "delete-guard",
        "delete_does_not_destroy_a_reservation",
        "deleted while it lives",
        *DELETED_WHILE_RUNNING,
        second="that nothing runs is read, and tested again by the write",
    ),
    _sent(13, "stage-reread", "the_next_stage_is_sent_in_the_run_of_now", PENDING, RUN_OF_THE_IMAGE),
    _sent(14, "settled-any", "a_line_that_settles_in_a_later_run_counts_there", PENDING, SETTLED_OF_THIS_RUN),
    _item(15, "refund-stages", "a_failed_item_was_not_paid_for_and_its_retry_is", "are given back", NO_REFUND),
    _item(
        15,
        "retry-restart",
        "a_failed_item_was_not_paid_for_and_its_retry_is",
        "every stage is charged",
        *RETRIED_WHERE_IT_FAILED,
    ),
    _sent(
        16,
        "finish-item",
        "a_finish_step_belongs_to_its_run",
        PENDING,
        FINISH_WITHOUT_ITS_JOB,
        FINISH_ONCE,
        second="the finish step is open again in every run",
    ),
    Mend(16, "finish-item-per-run", DONE_ANEW, "processing", (FINISH_ONCE,)),
    _sent(17, "sent-exact", "the_window_does_not_drift_when_an_advance_is_lost", "assert 6 <= 4", SENT_ARE_THE_CHOSEN),
)
