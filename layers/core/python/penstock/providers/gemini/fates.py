"""What a refused request stands for: an HTTP status, its headers and body as one of the fates."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.providers.transport.waits import OPERATOR_PAUSE, wait_asked_for

SHOWN = 300

BRIEF = {408, 409, 425, 499}
TOO_LONG = re.compile(
    r"token count.{0,20}exceeds|context.{0,20}(length|window|limit)|payload size|too many tokens", re.I
)
NO_MODEL = re.compile(r"\bmodels?\b", re.I)
WRONG_KEY = re.compile(r"api key (not valid|expired|not found)", re.I)
NO_CREDIT = re.compile(r"(credit|balance).{0,20}(depleted|exhausted|used up)|spend(ing)? cap", re.I)
NO_QUOTA = re.compile(r"limit: 0\b")
# A speech model that began to write instead. It answers so by chance: the next try mostly speaks.
SPOKE_NOT = re.compile(r"tried to generate text", re.I)


class Told(NamedTuple):
    """What Google says of it. `reasons` are those of google.rpc.ErrorInfo, `quotas` the ids and values of the quotas
    that are exceeded, `wait` in seconds."""

    status: str
    message: str
    reasons: frozenset[str]
    quotas: tuple[tuple[str, str], ...]
    wait: float


def of(status: int, headers: Mapping[str, str], body: object, now: float, secret: str = "") -> Fate:
    """`body` is the JSON that came, or whatever else did; `now` in seconds since 1970; `secret` is never quoted."""
    told = _told(body, headers, now)
    told = told._replace(message=told.message.replace(secret, "…")) if secret else told
    fate = _of_operator(status, told) or _of_prompt(status, told)
    return fate or _of_status(status, told)


def _told(body: object, headers: Mapping[str, str], now: float) -> Told:
    error = _object(body)
    error = _object(error["error"]) if "error" in error else error
    details = [_object(each) for each in _list(error.get("details"))]
    violations = [_object(each) for detail in details for each in _list(detail.get("violations"))]
    waits = [wait_asked_for(headers, now), *(_seconds(detail.get("retryDelay"), now) for detail in details)]
    return Told(
        status=str(error.get("status")),
        message=_text(error.get("message")),
        reasons=frozenset(str(detail["reason"]) for detail in details if "reason" in detail),
        quotas=tuple((str(each.get("quotaId")), str(each.get("quotaValue"))) for each in violations),
        wait=max(waits),
    )


def _of_operator(status: int, told: Told) -> Fate | None:
    """What only whoever runs this can mend. The provider's own words stay out: they may quote the key."""
    remedy = next(_remedies(status, told), None)
    if remedy is None:
        return None
    return Limited(f"{remedy} ({status})", retry_after=max(OPERATOR_PAUSE, told.wait), operator=True)


def _remedies(status: int, told: Told) -> Iterator[str]:
    """Google refuses a wrong key with 400, and says with 429 that nothing is paid."""
    if status == 401 or "API_KEY_INVALID" in told.reasons or (status == 400 and WRONG_KEY.search(told.message)):
        yield "it does not accept the key, check GEMINI_API_KEY or the parameter that holds it"
    if status == 402 or (status == 429 and NO_CREDIT.search(told.message)):
        yield "its credit is used up, add credit there"
    if status == 403:
        yield "it forbids this key the request, check its rights, its billing and region"
    if told.status == "FAILED_PRECONDITION":
        yield "it does not serve this project, check its billing and region"
    if status < 400 or status == 405 or (status == 404 and not _names_a_model(told)):
        yield "nothing answers generateContent at its address, check GEMINI_BASE_URL"


def _of_prompt(status: int, told: Told) -> Fate | None:
    """What would be answered in the same way again."""
    if status == 404:
        return Refused(f"The provider has no such model for this key: {told.message[:SHOWN]}", code="model_unavailable")
    if status == 413 or (status == 400 and TOO_LONG.search(told.message)):
        remedy = "shorten the text that is given, or choose a model with a longer context"
        return Refused(f"The prompt is too long for the model: {remedy}.", code="prompt_too_long")
    return None


def _of_status(status: int, told: Told) -> Fate:
    shown = told.message[:SHOWN] or f"HTTP {status}"
    if status == 429 or (status == 503 and told.wait):
        return _limited(status, told)
    if status >= 500 or status in BRIEF or (status == 400 and SPOKE_NOT.search(told.message)):
        return Transient(f"The provider failed ({status}): {shown}", code="provider_failed")
    return Refused(f"The provider refuses the request ({status}): {shown}", code="bad_request")


def _limited(status: int, told: Told) -> Limited:
    """Of a day's quota Google says to come back in seconds, which is not so. Quotas are by model, and others may have
    some left."""
    if NO_QUOTA.search(told.message) or any(value == "0" for _, value in told.quotas):
        why = "the project has no quota for this model, check its billing"
    elif any("PerDay" in quota for quota, _ in told.quotas):
        why = "its quota of the day for this model is used up, raise it there or wait for the next day"
    else:
        return Limited(f"its limit is reached ({status})", retry_after=told.wait)
    return Limited(f"{why} ({status})", retry_after=max(OPERATOR_PAUSE, told.wait))


def _names_a_model(told: Told) -> bool:
    return told.status == "NOT_FOUND" and NO_MODEL.search(told.message) is not None


def _seconds(delay: object, now: float) -> float:
    """Of a google.protobuf.Duration, as JSON has it: `20s`, `1.5s`."""
    return wait_asked_for({"retry-after": str(delay).removesuffix("s")}, now) if delay else 0.0


def _object(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {"message": found}


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def _text(message: object) -> str:
    """A web page says nothing to whoever waits for an article."""
    return message if isinstance(message, str) and not message.lstrip().startswith("<") else ""
