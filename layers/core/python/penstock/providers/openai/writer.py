"""Writes text with a model of OpenAI, or of a server that speaks its chat completions."""

import time
from typing import TYPE_CHECKING

from penstock.domain.errors import Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.providers.openai import answers, fates, requests
from penstock.providers.transport.loop import GRACE_SECONDS, Loop

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI = "https://api.openai.com/v1"
CONNECT_SECONDS = 10.0
NO_KEY = "none"  # a server of one's own asks for no key, but the SDK does


class OpenAIWriter:
    """A Writer. `seconds` are for the whole call, from the first byte sent to the last one read. One is enough for a
    process, and for all its threads."""

    def __init__(self, key: str, base_url: str = "") -> None:
        self._base_url = base_url or OPENAI
        self._vendor = requests.is_vendor(self._base_url)
        self._client, self._loop = _client(key or NO_KEY, self._base_url), Loop()

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        try:
            body = self._loop.run(self._ask(model, prompt, seconds), seconds)
        except TimeoutError:
            raise _late(seconds) from None
        return answers.read(body, model)

    def make(self, model: Model, _prompt: MediaPrompt, _seconds: float) -> Media:
        raise Refused(f"{model.id} makes no pictures and no speech.", code="model_unavailable")

    def close(self) -> None:
        self._loop.run(self._client.close(), GRACE_SECONDS)
        self._loop.close()

    async def _ask(self, model: Model, prompt: Prompt, seconds: float) -> bytes:
        """The body of the answer, as it came."""
        import openai  # noqa: PLC0415 - with the first writer, not with this module

        asked = requests.fields(model, prompt, self._vendor)
        timeout = openai.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        try:
            answer = await self._client.chat.completions.with_raw_response.create(**asked, timeout=timeout)
        except openai.APIStatusError as error:
            raise fates.of(error.status_code, error.response.headers, error.body, time.time()) from error
        except openai.APITimeoutError as error:
            raise _late(seconds) from error
        except openai.OpenAIError as error:
            reason = error.__cause__ or error
            message = f"The connection to the provider failed ({type(reason).__name__})."
            raise Transient(message, code="provider_unreachable") from error
        return bytes(answer.content)


def _late(seconds: float) -> Transient:
    return Transient(f"The provider did not answer within {seconds:.0f} s.", code="provider_timeout")


def _client(key: str, base_url: str) -> "AsyncOpenAI":
    """Each call has a connection of its own: beside ten seconds of writing that costs nothing, and a process that was
    frozen for a while never meets one that died meanwhile. No redirect is followed: a POST would arrive as a GET."""
    import httpx2  # noqa: PLC0415 - as below
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient  # noqa: PLC0415 - half a second, and only for who writes

    from penstock.providers.transport import bounds  # noqa: PLC0415 - it imports the HTTP client

    http = DefaultAsyncHttpxClient(
        limits=httpx2.Limits(max_keepalive_connections=0),
        event_hooks={"response": [bounds.bound]},
        follow_redirects=False,
    )
    return AsyncOpenAI(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        default_headers={"Accept-Encoding": "identity"},
        http_client=http,
    )
