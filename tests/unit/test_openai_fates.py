"""What each refusal of a request stands for: the item's fault, the provider's, or nobody's here."""

import math
from typing import Any

import pytest

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.engine.work import LONGEST_RETRY_AFTER
from penstock.providers.openai import fates
from penstock.providers.transport import waits

NOW = 1_795_000_000.0


def fate(status: int, body: Any = None, **headers: str) -> Fate:
    return fates.of(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"code": "invalid_api_key"}),
        (401, "<html>"),
        (402, {"message": "Insufficient balance"}),
        (403, {"code": "unsupported_country_region_territory"}),
        (429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}),
        (429, {"type": "insufficient_quota"}),
        (400, {"code": "billing_hard_limit_reached"}),
        (404, {"detail": "Not Found"}),
        (404, "<html>404 model page</html>"),
        (405, None),
        (301, ""),
    ],
)
def test_a_wrong_key_bill_or_address_pauses_the_job_at_once(status: int, body: Any) -> None:
    """The engine pauses a job whose provider asks for more than its longest wait, and counts no try."""
    found = fate(status, body)
    assert isinstance(found, Limited)
    assert found.retry_after == waits.OPERATOR_PAUSE > LONGEST_RETRY_AFTER


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, {"code": "model_not_found", "message": "The model `x` does not exist"}, "model_unavailable"),
        (403, {"code": "model_not_found", "message": "no access to model `x`"}, "model_unavailable"),
        (404, {"message": 'model "x" not found, try pulling it first', "type": "api_error"}, "model_unavailable"),
        (404, {"message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}, "model_unavailable"),
        (404, 'model "x" not found', "model_unavailable"),
        (400, {"code": "context_length_exceeded"}, "prompt_too_long"),
        (400, {"message": "This model's maximum context length is 8192 tokens."}, "prompt_too_long"),
        (400, {"message": "the input exceeds the context window"}, "prompt_too_long"),
        (429, {"message": "Request too large for gpt-x on tokens per min"}, "prompt_too_long"),
        (413, None, "prompt_too_long"),
        (400, {"code": "content_policy_violation"}, "content_filter"),
        (400, {"code": "moderation_blocked", "type": "image_generation_user_error"}, "content_filter"),
        (400, {"code": "string_above_max_length"}, "prompt_too_long"),
        (400, {"message": "Input of 2132 tokens is over the maximum input limit of 2000 tokens."}, "prompt_too_long"),
        (400, {"message": "Unsupported parameter"}, "bad_request"),
        (422, {"message": "Field required"}, "bad_request"),
        (410, "Gone", "bad_request"),
    ],
)
def test_what_would_be_refused_again_is_refused_for_good(status: int, body: Any, code: str) -> None:
    found = fate(status, body)
    assert (type(found), found.reason) == (Refused, code)


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("body", [None, "<html>", {"message": "overloaded"}, ["?"], 5])
def test_a_failing_provider_is_tried_again(status: int, body: Any) -> None:
    assert type(fate(status, body)) is Transient


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry_after": "20"}, 20),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "2500", "retry_after": "20"}, 2.5),
        ({"retry_after_ms": "soon", "retry_after": "20"}, 20),
        ({"retry_after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry_after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0),
        ({"retry_after": "-3"}, 0),
        ({"retry_after": "soon"}, 0),
        ({"retry_after": "nan"}, 0),
        ({"retry_after": "inf"}, waits.LONGEST_WAIT),
        ({"retry_after": "1e400"}, waits.LONGEST_WAIT),
        ({"retry_after": "99999999"}, waits.LONGEST_WAIT),
    ],
)
def test_a_wait_is_read_in_every_form_and_bounded(headers: dict[str, str], seconds: float) -> None:
    found = fate(429, None, **headers)
    assert isinstance(found, Limited)
    assert found.retry_after == seconds


def test_a_date_without_the_answers_own_counts_from_this_machines_clock() -> None:
    found = fate(429, None, retry_after="Wed, 18 Nov 2026 11:08:20 GMT")
    assert isinstance(found, Limited)
    assert math.isclose(found.retry_after, 1_795_000_100 - NOW)


def test_who_is_overloaded_and_names_a_time_is_waited_for() -> None:
    found = fate(503, None, retry_after="20")
    assert isinstance(found, Limited)
    assert found.retry_after == 20


def test_a_page_is_not_quoted() -> None:
    assert "<" not in fate(502, "<html><h1>Bad gateway</h1></html>").message
