"""Writes, draws and speaks with a model of OpenAI, or of a server that speaks its chat completions."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import Refused, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, ImagePrompt, Media, MediaPrompt, Prompt
from penstock.providers.openai import answers, fates, pictures, requests, searching, speech
from penstock.providers.transport.loop import GRACE_SECONDS, Loop

if TYPE_CHECKING:
    from openai import AsyncOpenAI, Timeout

Json = dict[str, Any]
Answer = Awaitable[Any]
Ask = Callable[["Timeout"], Answer]

OPENAI = "https://api.openai.com/v1"
CONNECT_SECONDS = 10.0
NO_KEY = "none"  # a server of one's own asks for no key, but the SDK does


class OpenAIWriter:
    """A Writer. `seconds` are for the whole call, from the first byte sent to the last one read. One is enough for a
    process, and for all its threads. `vendor`: whether OpenAI itself answers there; left out, the host says so."""

    def __init__(self, key: str, base_url: str = "", *, vendor: bool | None = None) -> None:
        base_url = base_url or OPENAI
        self._vendor = requests.is_vendor(base_url) if vendor is None else vendor
        self._client, self._loop = _client(key or NO_KEY, base_url), Loop()

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        """Who is not OpenAI searches nothing, and writes from what it knows."""
        if prompt.search and self._vendor:
            return searching.read(self._search(searching.fields(model, prompt), seconds), model)
        return answers.read(self._chat(requests.fields(model, prompt, self._vendor), seconds), model)

    def make(self, model: Model, prompt: MediaPrompt, seconds: float) -> Media:
        drawn = isinstance(prompt, ImagePrompt)
        if ("image" if drawn else "speech") not in model.features:
            message = f"{model.id} makes no {'pictures' if drawn else 'speech'}: choose another model."
            raise Refused(message, code="model_unavailable")
        if isinstance(prompt, ImagePrompt):
            return pictures.read(self._draw(pictures.fields(model, prompt, self._vendor), seconds), model, prompt)
        return speech.read(self._speak(speech.fields(model, prompt, self._vendor), seconds), model, prompt)

    def close(self) -> None:
        self._loop.run(self._client.close(), GRACE_SECONDS)
        self._loop.close()

    def _chat(self, asked: Json, seconds: float) -> bytes:
        def ask(timeout: "Timeout") -> Answer:
            return self._client.chat.completions.with_raw_response.create(**asked, timeout=timeout)

        return self._body(ask, "chat completions", seconds)

    def _search(self, asked: Json, seconds: float) -> bytes:
        def ask(timeout: "Timeout") -> Answer:
            return self._client.responses.with_raw_response.create(**asked, timeout=timeout)

        return self._body(ask, "responses", seconds)

    def _draw(self, asked: Json, seconds: float) -> bytes:
        def ask(timeout: "Timeout") -> Answer:
            return self._client.images.with_raw_response.generate(**asked, timeout=timeout)

        return self._body(ask, "pictures", seconds, media=True)

    def _speak(self, asked: Json, seconds: float) -> bytes:
        def ask(timeout: "Timeout") -> Answer:
            return self._client.audio.speech.with_raw_response.create(**asked, timeout=timeout)

        return self._body(ask, "speech", seconds, media=True)

    def _body(self, ask: Ask, asked: str, seconds: float, *, media: bool = False) -> bytes:
        """Of the answer, as it came; the error that came in its place as one of the fates."""
        try:
            return self._loop.run(_answered(ask, asked, seconds, media), seconds)
        except TimeoutError:
            raise _late(seconds) from None


async def _answered(ask: Ask, asked: str, seconds: float, media: bool) -> bytes:
    import openai  # noqa: PLC0415 - with the first writer, not with this module

    from penstock.providers.transport import bounds  # noqa: PLC0415 - it imports the HTTP client

    if media:
        bounds.expect_media()
    try:
        answer = await ask(openai.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)))
    except openai.APIStatusError as error:
        raise fates.of(error.status_code, error.response.headers, error.body, time.time(), asked) from error
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

    from penstock.providers.transport import bounds  # noqa: PLC0415 - as above

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
