"""What a refused request stands for: an HTTP status, its headers and body as one of the fates."""

import re
from collections.abc import Mapping

from penstock.domain.errors import Fate, Limited, Refused, Transient
from penstock.providers.transport.waits import OPERATOR_PAUSE, wait_asked_for

SHOWN = 300

UNPAID = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"}
UNSUITABLE = {"content_filter", "content_policy_violation", "moderation_blocked"}
BRIEF = {408, 409, 425}
LONG = {"context_length_exceeded", "string_above_max_length"}
TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size|limit)|request too large|too many tokens|maximum input limit", re.I
)
NO_MODEL = re.compile(r"\bmodels?\b", re.I)


def of(status: int, headers: Mapping[str, str], body: object, now: float, asked: str = "chat completions") -> Fate:
    """`body` is the error object that came, or whatever else did; `now` in seconds since 1970; `asked` what for."""
    told = body if isinstance(body, Mapping) else {"message": body}
    codes = {str(told.get(name)) for name in ("code", "type")}
    message = _text(told.get("message"))
    wait = wait_asked_for(headers, now)
    fate = _of_operator(status, codes, wait) or _of_prompt(status, codes, message)
    return fate or _of_status(status, wait, message or f"HTTP {status}", asked)


def _of_operator(status: int, codes: set[str], wait: float) -> Fate | None:
    """What only whoever runs this can mend. The provider's own words stay out: they may quote the key."""
    if codes & UNPAID or status == 402:
        remedy = "its quota or credit is used up, add credit there"
    elif status == 401 or "invalid_api_key" in codes:
        remedy = "it does not accept the key, check OPENAI_API_KEY or the parameter that holds it"
    elif status == 403 and "model_not_found" not in codes:
        remedy = "it forbids this key the request, check its rights and region"
    else:
        return None
    return Limited(f"{remedy} ({status})", retry_after=max(OPERATOR_PAUSE, wait), operator=True)


def _of_prompt(status: int, codes: set[str], message: str) -> Fate | None:
    """What would be answered in the same way again."""
    if codes & UNSUITABLE:
        message = "The provider's content filter refuses the prompt: change the keyword, or what else it is made of."
        return Refused(message, code="content_filter")
    if "model_not_found" in codes or (status == 404 and NO_MODEL.search(message)):
        return Refused(f"The provider has no such model for this key: {message[:SHOWN]}", code="model_unavailable")
    if codes & LONG or status == 413 or (status in (400, 422, 429) and TOO_LONG.search(message)):
        remedy = "shorten the outline or the text that is given, or choose a model with a longer context"
        return Refused(f"The prompt is too long for the model: {remedy}.", code="prompt_too_long")
    return None


def _of_status(status: int, wait: float, message: str, asked: str) -> Fate:
    if status == 429 or (status == 503 and wait):
        return Limited(f"its limit is reached ({status})", retry_after=wait)
    if status >= 500 or status in BRIEF:
        return Transient(f"The provider failed ({status}): {message[:SHOWN]}", code="provider_failed")
    if status < 400 or status in (404, 405):
        remedy = f"nothing answers {asked} at its address, check OPENAI_BASE_URL ({status})"
        return Limited(remedy, retry_after=OPERATOR_PAUSE, operator=True)
    return Refused(f"The provider refuses the request ({status}): {message[:SHOWN]}", code="bad_request")


def _text(message: object) -> str:
    """A web page says nothing to whoever waits for an article."""
    return message if isinstance(message, str) and not message.lstrip().startswith("<") else ""
