"""Who calls: verifies the bearer token of every API request, and lets the API say what is wrong with it."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from penstock.routes.tokens import Verifier
from penstock.settings import settings


@lru_cache(maxsize=1)
def _verifier() -> Verifier:
    found = settings()
    return Verifier(found.issuer, found.client_id, found.keys_url)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Always authorized: a gateway's own refusal is no problem document. The API answers 401 where `sub` is missing."""
    return {"isAuthorized": True, "context": _verifier().identify(event.get("headers", {}).get("authorization"))}
