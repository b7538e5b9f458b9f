"""Answers a request that was seen before: same key and body, the first answer again; same key, another body,
refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.domain.conditions import NEW, less
from penstock.domain.errors import FieldError, Invalid
from penstock.domain.writes import IdempotencyOf, Put
from penstock.engine.parts import Parts

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Once:
    """An Idempotency-Key, and a hash of the request that came with it."""

    key: str
    fingerprint: str


def remember(user: str, once: Once, answer: Mapping[str, Any], now: int) -> Put:
    """Goes into the transaction that it protects. Fails where the key is in use; an outdated record counts as none."""
    seconds = now // 1000
    fields = {"fingerprint": once.fingerprint, "answer": json.dumps(answer), "ttl": seconds + KEPT_SECONDS}
    return Put(IdempotencyOf(user, once.key), fields, NEW | less("ttl", seconds))


def recall(parts: Parts, user: str, once: Once | None) -> dict[str, Any] | None:
    """The first answer, if there was one. Raises Invalid where the key came with another request."""
    image = parts.table.get(IdempotencyOf(user, once.key)) if once else None
    if image is None or once is None or image["ttl"] < parts.clock() // 1000:
        return None
    if image["fingerprint"] != once.fingerprint:
        fault = FieldError("Idempotency-Key", "was used with another request in the last 24 hours: send a new key.")
        raise Invalid(fault, code="idempotency_mismatch")
    answer: dict[str, Any] = json.loads(image["answer"])
    return answer
