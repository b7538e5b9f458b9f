"""Providers' keys: from the environment on one's own machine; deployed, from the parameter store."""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import SecretStr

from penstock.domain.errors import Limited
from penstock.providers.transport.waits import OPERATOR_PAUSE
from penstock.settings import Settings, usable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SSMProvider

MOST_AGE = 300
# It takes from a call's own time: 15 seconds at most.
CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
BUSY = {"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
MISSING = {"ParameterNotFound", "ParameterVersionNotFound"}
FORBIDDEN = {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException"}


class Keys:
    """The keys by provider. One from a parameter is kept for `most_age` seconds, so that a new one is taken without a
    restart."""

    def __init__(self, settings: Settings, most_age: int = MOST_AGE) -> None:
        self._given = {"openai": settings.openai_api_key, "gemini": settings.gemini_api_key}
        self._parameters = {"openai": settings.openai_key_parameter, "gemini": settings.gemini_key_parameter}
        self._most_age = most_age

    def of(self, provider: str, *, afresh: bool = False) -> SecretStr:
        """Empty where it needs none. `afresh` reads a parameter again, whatever is kept.

        Raises Limited, naming the parameter and the remedy, never the key: nobody's item failed for want of it.
        """
        given, name = self._given.get(provider), self._parameters.get(provider)
        if given or not name:
            return given or SecretStr("")
        try:
            key = usable(self._read(name, afresh))
        except ValueError as error:
            raise _operators(f"its key in the parameter {name} cannot be sent: {error}, put it there again") from None
        if not key:
            raise _operators(f"the parameter {name} is blank, put its key there")
        return key

    def _read(self, name: str, afresh: bool) -> str:
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415 - as below

        try:
            return str(self._store.get(name, max_age=self._most_age, decrypt=True, force_fetch=afresh))
        except GetParameterError as error:
            raise _unreadable(name, error.__context__) from error

    @cached_property
    def _store(self) -> "SSMProvider":
        from aws_lambda_powertools.utilities.parameters import SSMProvider  # noqa: PLC0415 - only for who writes

        logging.getLogger("botocore.parsers").setLevel(logging.INFO)  # below, it logs answers whole, keys and all
        return SSMProvider(boto3_client=boto3.client("ssm", config=CLIENT))


def _unreadable(name: str, cause: BaseException | None) -> Limited:
    if not isinstance(cause, ClientError) or cause.response["Error"]["Code"] in BUSY or _status(cause) >= 500:
        return Limited(f"its key cannot be read just now, the parameter store does not answer ({name})")
    code = cause.response["Error"]["Code"]
    if code in MISSING:
        return _operators(f"the parameter {name} does not exist, put its key there or take its name from the template")
    if code in FORBIDDEN:
        needed = "ssm:GetParameter on it and kms:Decrypt with its key"
        return _operators(f"the parameter {name} may not be read, allow the worker's role {needed}")
    return _operators(f"the parameter {name} cannot be read, check it ({code})")


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def _operators(message: str) -> Limited:
    """What only whoever runs this can mend: the job waits, and says why."""
    return Limited(message, retry_after=OPERATOR_PAUSE, operator=True)
