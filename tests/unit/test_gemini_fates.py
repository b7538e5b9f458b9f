"""What each refusal of Google's stands for: the item's fault, the provider's, or nobody's here."""

from typing import Any

import pytest

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.engine.work import LONGEST_RETRY_AFTER
from penstock.providers.gemini import fates
from penstock.providers.transport import waits
from tests.fake_gemini import exceeded, info, wait

NOW = 1_795_000_000.0
INPUT_TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
NOT_FOUND = "models/x is not found for API version v1beta, or is not supported for generateContent."
ONLY_SPEECH = "Model tried to generate text, but it should only be used for TTS."
NONE_AT_ALL = "Quota exceeded for metric: generate_content_free_tier_requests, limit: 0, model: gemini-x"


def told(name: str = "", message: str = "No.", *details: Any) -> dict[str, Any]:
    return {"error": {"code": 0, "status": name, "message": message, "details": list(details)}}


def fate(status: int, body: Any = None, **headers: str) -> Fate:
    return fates.of(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (400, told("INVALID_ARGUMENT", "API key not valid.", info("API_KEY_INVALID")), "GEMINI_API_KEY"),
        (400, told("INVALID_ARGUMENT", "No.", info("API_KEY_INVALID")), "GEMINI_API_KEY"),
        (400, told("INVALID_ARGUMENT", "API key expired. Please renew the API key."), "GEMINI_API_KEY"),
        (401, told("UNAUTHENTICATED"), "GEMINI_API_KEY"),
        (401, "<html>", "GEMINI_API_KEY"),
        (403, told("PERMISSION_DENIED", "Your API key was reported as leaked."), "rights"),
        (403, told("PERMISSION_DENIED", "Disabled.", info("SERVICE_DISABLED")), "rights"),
        (400, told("FAILED_PRECONDITION", "User location is not supported for the API use."), "region"),
        (400, told("FAILED_PRECONDITION", "Please enable billing on your project."), "billing"),
        (402, None, "credit"),
        (429, told("RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), "credit"),
        (429, told("RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap."), "credit"),
        (404, {"detail": "Not Found"}, "GEMINI_BASE_URL"),
        (404, "<html>404 model page</html>", "GEMINI_BASE_URL"),
        (404, "no models here", "GEMINI_BASE_URL"),
        (405, None, "GEMINI_BASE_URL"),
        (301, "", "GEMINI_BASE_URL"),
        (204, "", "GEMINI_BASE_URL"),
    ],
)
def test_a_wrong_key_bill_or_address_pauses_the_job_at_once(status: int, body: Any, remedy: str) -> None:
    """The engine pauses a job whose provider asks for more than its longest wait, and counts no try."""
    found = fate(status, body)
    assert isinstance(found, Limited)
    assert (found.operator, remedy in found.message) == (True, True), found.message
    assert found.retry_after == waits.OPERATOR_PAUSE > LONGEST_RETRY_AFTER


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        (told("RESOURCE_EXHAUSTED", "No.", exceeded("GenerateRequestsPerDayPerProjectPerModel"), wait("37s")), "day"),
        (told("RESOURCE_EXHAUSTED", "No.", exceeded("GenerateRequestsPerMinutePerProjectPerModel", "0")), "billing"),
        (told("RESOURCE_EXHAUSTED", NONE_AT_ALL, exceeded("GenerateRequestsPerMinute", None), wait("11s")), "billing"),
    ],
    ids=["of the day", "none", "none, as it is left out"],
)
def test_a_quota_that_is_gone_for_long_is_not_asked_again_in_seconds(body: Any, remedy: str) -> None:
    """Google's own delay is that of a minute's quota. It is one model's: others of the provider may go on."""
    found = fate(429, body)
    assert isinstance(found, Limited)
    assert (found.retry_after, found.operator, remedy in found.message) == (waits.OPERATOR_PAUSE, False, True)


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ((), {}, 0),
        ((wait("20s"),), {}, 20),
        ((wait("37.826s"),), {}, 37.826),
        ((exceeded("GenerateRequestsPerMinutePerProjectPerModel"), wait("20s")), {}, 20),
        ((wait("20s"),), {"retry_after": "45"}, 45),
        ((wait("20s"), wait("30s")), {"retry_after": "5"}, 30),
        ((wait("soon"),), {}, 0),
        ((wait("-3s"),), {}, 0),
        ((wait(""),), {}, 0),
        ((wait("99999999s"),), {}, waits.LONGEST_WAIT),
        (({"retryDelay": {"seconds": 20}},), {}, 0),
        (("RetryInfo", None, 5), {"retry_after": "7"}, 7),
    ],
)
def test_a_wait_is_read_from_the_body_and_the_headers(details: Any, headers: dict[str, str], seconds: float) -> None:
    found = fate(429, told("RESOURCE_EXHAUSTED", "Quota exceeded.", *details), **headers)
    assert isinstance(found, Limited)
    assert found.retry_after == pytest.approx(seconds)
    assert not found.operator


def test_who_is_overloaded_and_names_a_time_is_waited_for() -> None:
    found = fate(503, told("UNAVAILABLE", "The model is overloaded.", wait("20s")))
    assert isinstance(found, Limited)
    assert found.retry_after == 20


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, told("NOT_FOUND", NOT_FOUND), "model_unavailable"),
        (404, told("NOT_FOUND", "This model models/x is no longer available to new users."), "model_unavailable"),
        (400, told("INVALID_ARGUMENT", INPUT_TOO_LONG), "prompt_too_long"),
        (400, told("INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."), "prompt_too_long"),
        (413, None, "prompt_too_long"),
        (400, told("INVALID_ARGUMENT", "Thinking level is not supported for this model."), "bad_request"),
        (400, "Bad request", "bad_request"),
        (422, None, "bad_request"),
    ],
)
def test_what_would_be_refused_again_is_refused_for_good(status: int, body: Any, code: str) -> None:
    found = fate(status, body)
    assert (type(found), found.reason) == (Refused, code)


@pytest.mark.parametrize("status", [408, 409, 425, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [None, "<html>", told("UNAVAILABLE"), {"error": "no"}, {"error": None}, ["?"], 5])
def test_a_failing_provider_is_tried_again(status: int, body: Any) -> None:
    found = fate(status, body)
    assert (type(found), found.reason) == (Transient, "provider_failed")


def test_a_speech_model_that_began_to_write_is_tried_again() -> None:
    assert type(fate(400, told("INVALID_ARGUMENT", ONLY_SPEECH))) is Transient


def test_a_page_is_not_quoted() -> None:
    assert "<" not in fate(502, {"message": "<html><h1>Bad gateway</h1></html>", "status": "Bad Gateway"}).message


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_key_is_taken_out_of_what_is_quoted(status: int) -> None:
    found = fates.of(status, {}, told("NOT_FOUND", "models: refused for AIza-secret."), NOW, "AIza-secret")
    assert "AIza-secret" not in found.message
    assert "refused for …" in found.message
