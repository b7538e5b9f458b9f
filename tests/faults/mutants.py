"""The mutants: single conditions and writes of the engine and the store, each taken out; and the test that must notice.
The mends of the protocol are in `mends`."""

from tests.faults.edits import Edit
from tests.faults.mends import DISPATCH, SWEEP
from tests.faults.mutants_of_breakers import BREAKERS
from tests.faults.mutants_of_items import (
    CLAIMS,
    ENGINE,
    FINISH,
    ITEMS,
    LATE,
    LIMITS,
    SENT,
    SETTLES,
    STORE,
    Mutant,
    mutant,
)

CONTROL, TABLE, QUOTA, MESSAGE = "engine/control.py", "store/table.py", "engine/quota.py", "domain/message.py"
SUBMIT, FILES = "engine/submit.py", "store/files.py"

SENDS = (
    Mutant(
        "advance-before-sending",
        f"tests/{SENT}a_dispatch_that_dies_at_its_end_has_sent_what_it_passed",
        (
            Edit(DISPATCH, "    if chosen:\n        send_lines(parts, job, chosen)\n", ""),
            Edit(
                DISPATCH,
                "    advanced = parts.table.update(advance)\n",
                "    advanced = parts.table.update(advance)\n    if chosen:\n        send_lines(parts, job, chosen)\n",
            ),
        ),
    ),
    mutant(
        "window-without-end",
        ENGINE + "never_more_than_a_window_is_queued",
        DISPATCH,
        "parts.limits.window - (job.sent - job.settled))",
        "SPAN)",
    ),
    mutant(
        "wakes-without-money",
        ENGINE + "out_of_quota_pauses_and_a_grant_resumes",
        DISPATCH,
        "can_pay(job.needs).holds(parts.records.account(job.user))",
        "True",
    ),
    mutant(
        "wakes-too-early",
        LIMITS + "a_limited_provider_uses_up_no_try_and_pauses_the_job",
        DISPATCH,
        "job.resume_at is not None and job.resume_at <= now",
        "True",
    ),
    mutant("out-of-turn", ENGINE + "jobs_of_a_user_take_turns", DISPATCH, " and _in_turn(parts, job)"),
    mutant(
        "no-deadline",
        LIMITS + "a_job_past_its_deadline_fails_and_leaves_no_reservation",
        DISPATCH,
        "if job.expired(now) and not _over(parts, job):",
        "if False:",
    ),
    mutant(
        "no-run-in-the-dedup-id",
        ENGINE + "a_paused_job_lets_the_next_one_go",
        MESSAGE,
        "#{self.stage}#{self.run}",
        "#{self.stage}",
    ),
    mutant(
        "no-stage-in-the-dedup-id",
        ENGINE + "stages_follow_each_other_and_a_failure_refunds_all_of_them",
        MESSAGE,
        "#{self.stage}#{self.run}",
        "#{self.run}",
    ),
    mutant(
        "an-outdated-finish",
        FINISH + "after_a_retry_of_lines_it_is_done_anew",
        MESSAGE,
        "self.retried_in if self.is_finish else self.stage",
        "self.stage",
    ),
    mutant(
        "revives-too-often", LATE + "the_janitor_is_twice_as_patient_each_time", SWEEP, "base * 2**job.stalls", "base"
    ),
    mutant(
        "revives-what-moves",
        LATE + "the_janitor_finds_that_the_job_moves",
        SWEEP,
        ' & equals("last_activity_at", job.last_activity_at)',
    ),
    mutant(
        "rows-of-a-deleted-job-stay",
        ENGINE + "delete_leaves_the_articles_and_nothing_else",
        "engine/follow.py",
        "parts.records.purge_job(before.job_id)",
        "pass",
    ),
)
ACTIONS = (
    mutant(
        "acts-on-a-deleted-job",
        ITEMS + "12_delete_does_not_destroy_a_reservation",
        CONTROL,
        "when & NOT_DELETED, **fields)",
        "when, **fields)",
    ),
    mutant(
        "retry-of-other-failures",
        LATE + "a_retry_finds_that_another_has_mended_all",
        CONTROL,
        "& unexpired(now) & seen",
        "& unexpired(now)",
    ),
    mutant(
        "retry-opens-nothing",
        ENGINE + "retry_runs_the_failed_lines_alone_and_replays_their_stored_steps",
        CONTROL,
        'add={"run": 1, "remaining": job.failed}',
        'add={"run": 1}',
    ),
    mutant(
        "a-wait-that-its-user-cannot-pause",
        ENGINE + "pausing_what_the_system_paused_makes_the_user_the_reason",
        CONTROL,
        "Action.PAUSE, PAUSABLE,",
        "Action.PAUSE, may(Action.PAUSE),",
    ),
    mutant(
        "the-same-submission-twice",
        ENGINE + "the_same_submission_twice_is_one_job",
        SUBMIT,
        "        *([remember(who.user, once, asdict(created), parts.clock())] if once else []),\n",
    ),
    mutant(
        "the-same-grant-twice",
        ENGINE + "a_grant_counts_once_and_never_goes_below_zero",
        QUOTA,
        "        *([remember(account.user, once, {}, now)] if once else []),\n",
    ),
    mutant(
        "a-balance-below-zero",
        ENGINE + "a_grant_counts_once_and_never_goes_below_zero",
        QUOTA,
        "EXISTS & enough",
        "EXISTS",
    ),
    mutant(
        "a-slow-item-of-a-cancelled-job",
        ENGINE + "a_slow_item_of_a_cancelled_job_stops_and_is_not_charged",
        "domain/work.py",
        "SLOW_STEP_SECONDS and self.effects.cancelled()",
        "SLOW_STEP_SECONDS and False",
    ),
)
STORES = (
    Mutant(
        "a-conflict-is-a-refusal",
        f"tests/{STORE}a_conflict_is_tried_again_under_the_same_token",
        (
            Edit(TABLE, "    if codes & _CONTENTION:\n        return None\n    if codes <=", "    if codes <="),
            Edit(
                TABLE,
                '{"None", "ConditionalCheckFailed"} and reasons',
                '{"None", "ConditionalCheckFailed", *_CONTENTION} and reasons',
            ),
        ),
    ),
    mutant(
        "a-token-for-every-try",
        STORE + "a_conflict_is_tried_again_under_the_same_token",
        TABLE,
        "ClientRequestToken=token",
        "ClientRequestToken=uuid4().hex",
    ),
    mutant(
        "unprocessed-keys-are-lost",
        STORE + "unprocessed_reads_and_deletes_are_asked_for_again",
        TABLE,
        'pending = reply.get("UnprocessedKeys")',
        "pending = None",
    ),
    mutant(
        "unprocessed-items-are-lost",
        STORE + "unprocessed_reads_and_deletes_are_asked_for_again",
        TABLE,
        '.get("UnprocessedItems")',
        '.get("nothing")',
    ),
    mutant(
        "failed-entries-are-lost",
        STORE + "messages_that_a_batch_refused_are_sent_again_in_order",
        "store/queues.py",
        'entry for entry in entries if entry["Id"] in failed',
        "entry for entry in entries if not failed",
    ),
    mutant(
        "the-last-result-is-kept",
        STORE + "the_first_result_of_a_step_is_the_one_that_is_kept",
        FILES,
        ', IfNoneMatch="*"',
    ),
    mutant(
        "only-the-first-page",
        STORE + "a_stretch_that_is_longer_than_a_page_is_read_to_its_end",
        TABLE,
        "    while page.next:\n",
        "    while False:\n",
    ),
)

MUTANTS = (*CLAIMS, *SETTLES, *SENDS, *ACTIONS, *STORES, *BREAKERS)
