"""Mutants of breakers and of limits a minute."""

from tests.faults.mends import DISPATCH
from tests.faults.mutants_of_items import mutant

BREAKER, PACE, CIRCUIT, GUARD = "domain/breaker.py", "domain/pace.py", "engine/circuit.py", "engine/guard.py"
RECORD, OUTAGE, PROBES, MINUTE = (
    f"{name}.py::test_"
    for name in ("unit/test_breaker", "faults/test_breaker", "faults/test_probes", "faults/test_pace")
)

BREAKERS = (
    mutant(
        "fault-counts-while-open",
        RECORD + "a_fault_does_not_count_while_it_is_open",
        BREAKER,
        'BreakerOf(provider), _CLOSED, add={"failures": 1}',
        'BreakerOf(provider), add={"failures": 1}',
    ),
    mutant(
        "answer-hides-newer-faults",
        RECORD + "an_answer_does_not_hide_faults_that_came_after_it_began",
        BREAKER,
        '_CLOSED & equals("failures", breaker.failures)',
        "_CLOSED",
    ),
    mutant(
        "lease-for-everybody",
        PROBES + "while_one_probes_nobody_calls",
        BREAKER,
        'same & _over("probing_until", now, LEASE_SECONDS)',
        "same",
    ),
    mutant(
        "verdict-of-anybody",
        PROBES + "a_probe_that_outlives_its_lease_decides_nothing",
        BREAKER,
        'return _opens(breaker.provider, equals("prober", prober), reason, now, wait)',
        'return _opens(breaker.provider, Absent("nothing"), reason, now, wait)',
    ),
    mutant(
        "closed-by-anybody",
        PROBES + "a_probe_that_was_answered_late_leaves_the_other_prober_its_verdict",
        BREAKER,
        'Update(BreakerOf(breaker.provider), equals("prober", prober), set=over)',
        "Update(BreakerOf(breaker.provider), set=over)",
    ),
    mutant(
        "times-that-nobody-can-have-meant",
        OUTAGE + "a_time_that_nobody_can_have_meant_bars_nobody",
        BREAKER,
        "left if 0 < left <= most + _SLACK else 0.0",
        "max(left, 0.0)",
    ),
    mutant(
        "poison-opens",
        OUTAGE + "a_poison_line_fails_alone_and_the_breaker_stays_closed",
        CIRCUIT,
        "        if probed:\n            return self._verdict(found, prober, probed)",
        "        if True:\n            return self._verdict(found, prober, probed or fate)",
    ),
    mutant(
        "outage-costs-every-line",
        OUTAGE + "half_an_hour_of_503_takes_two_tries_of_all_users_together",
        CIRCUIT,
        "return self._suspect(found, fate) if found.is_suspected else fate",
        "return fate",
    ),
    mutant(
        "in-flight-costs-tries",
        OUTAGE + "calls_in_flight_when_it_goes_down_lose_two_tries_together",
        CIRCUIT,
        "        if found.is_open:\n            return self._barred(found, found.closed_for(self._parts.clock()))\n",
        "        if found.is_open:\n            return fate\n",
    ),
    mutant(
        "key-is-found-out-by-each",
        OUTAGE + "half_an_hour_of_a_wrong_key_takes_nobodys_try",
        CIRCUIT,
        "        if fate.operator:\n",
        "        if False:\n",
    ),
    mutant(
        "nobody-is-woken",
        OUTAGE + "jobs_go_on_as_soon_as_the_breaker_closes",
        DISPATCH,
        " or _closed(parts, job.breaker)",
    ),
    mutant(
        "first-come-is-not-counted",
        PROBES + "a_provider_that_hangs_leaves_no_time_to_probe_and_so_the_next_worker_does",
        CIRCUIT,
        "            self._change(moves.falls_due(found, fate.message, self._parts.clock()))\n",
    ),
    mutant(
        "minute-without-requests",
        MINUTE + "users_share_the_minute",
        PACE,
        '| less("requests", model.requests_per_minute)',
        '| less("requests", 10**9)',
    ),
    mutant(
        "minute-without-tokens",
        MINUTE + "tokens_are_counted_before_the_call_by_what_it_may_use",
        PACE,
        '| at_most("tokens", model.tokens_per_minute - used)',
        '| at_most("tokens", 10**9)',
    ),
    mutant(
        "nobody-takes-a-place",
        MINUTE + "the_count_is_forgotten_after_an_hour",
        GUARD,
        "        _take(self._parts, model, prompt)\n",
    ),
)
