"""Writes, draws and speaks with a model of Google's, over the Gemini API."""

import time
from typing import TYPE_CHECKING

from penstock.domain.errors import Limited, Transient
from penstock.domain.models import Model
from penstock.domain.prompts import Completion, ImagePrompt, Media, MediaPrompt, Prompt
from penstock.providers.gemini import answers, fates, media, requests
from penstock.providers.gemini.requests import Asked
from penstock.providers.transport.loop import GRACE_SECONDS, Loop
from penstock.providers.transport.waits import OPERATOR_PAUSE

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client

GEMINI = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"  # speech is not in v1
CONNECT_SECONDS = 10.0
NO_KEY = "none"  # a gateway of one's own may ask for no key, but the SDK does


class GeminiWriter:
    """A Writer. `seconds` are for the whole call, from the first byte sent to the last one read. One is enough for a
    process, and for all its threads."""

    def __init__(self, key: str, base_url: str = "") -> None:
        self._key = key
        self._http = _http()
        self._client, self._loop = _client(key or NO_KEY, base_url or GEMINI, self._http), Loop()

    def write(self, model: Model, prompt: Prompt, seconds: float) -> Completion:
        return answers.text(self._body(model, requests.text(model, prompt), seconds), model)

    def make(self, model: Model, prompt: MediaPrompt, seconds: float) -> Media:
        body = self._body(model, requests.media(model, prompt), seconds)
        if isinstance(prompt, ImagePrompt):
            return media.picture(body, model)
        return media.speech(body, model, len(prompt.text))

    def close(self) -> None:
        self._loop.run(self._http.aclose(), GRACE_SECONDS)
        self._client.close()
        self._loop.close()

    def _body(self, model: Model, asked: Asked, seconds: float) -> str:
        """The body of the answer, as it came."""
        try:
            return self._loop.run(self._ask(model, asked), seconds)
        except TimeoutError:
            message = f"The provider did not answer within {seconds:.0f} s."
            raise Transient(message, code="provider_timeout") from None

    async def _ask(self, model: Model, asked: Asked) -> str:
        """The SDK is told no timeout: it would pass it on, and Google refuses one below 10 s."""
        import httpx2  # noqa: PLC0415 - with the first writer, not with this module
        from google.genai import errors, types  # noqa: PLC0415 - as above

        from penstock.providers.transport import bounds  # noqa: PLC0415 - it imports the HTTP client

        if asked.media:
            bounds.expect_media()
        config = types.GenerateContentConfig(**asked.config)
        try:
            answer = await self._client.aio.models.generate_content(
                model=model.id, contents=asked.contents, config=config
            )
        except errors.APIError as error:
            raise fates.of(error.code, error.response.headers, error.details, time.time(), self._key) from error
        except httpx2.InvalidURL as error:
            remedy = "its address is none, check GEMINI_BASE_URL"
            raise Limited(remedy, retry_after=OPERATOR_PAUSE, operator=True) from error
        except httpx2.HTTPError as error:
            message = f"The connection to the provider failed ({type(error).__name__})."
            raise Transient(message, code="provider_unreachable") from error
        except (ValueError, RecursionError) as error:
            raise answers.unreadable(f"a refusal: {type(error).__name__}") from error  # the SDK could not, either
        return (answer.sdk_http_response and answer.sdk_http_response.body) or ""


async def _connect_soon(request: "httpx2.Request") -> None:
    """A request hook."""
    request.extensions["timeout"]["connect"] = CONNECT_SECONDS


async def _as_utf8(response: "httpx2.Response") -> None:
    """A response hook: JSON is UTF-8, whatever codec the headers name."""
    response.encoding = "utf-8"


def _http() -> "httpx2.AsyncClient":
    """Each call has a connection of its own: beside ten seconds of writing that costs nothing, and a process that was
    frozen for a while never meets one that died meanwhile. No redirect is followed: a POST would arrive as a GET."""
    import httpx2  # noqa: PLC0415 - with the first writer, not with this module

    from penstock.providers.transport import bounds  # noqa: PLC0415 - it imports the HTTP client

    return httpx2.AsyncClient(
        limits=httpx2.Limits(max_keepalive_connections=0),
        event_hooks={"request": [_connect_soon], "response": [bounds.bound, _as_utf8]},
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
    )


def _client(key: str, base_url: str, http: "httpx2.AsyncClient") -> "Client":
    """All that the SDK would else look for in the environment is given: the kind of service, the key, the address, the
    version, whether to record. One attempt is no retry."""
    from google.genai import Client, types  # noqa: PLC0415 - a quarter of a second, and only for who writes
    from google.genai.client import DebugConfig  # noqa: PLC0415 - as above

    options = types.HttpOptions(
        base_url=base_url,
        api_version=API_VERSION,
        httpx_async_client=http,
        retry_options=types.HttpRetryOptions(attempts=1),
    )
    live = DebugConfig(client_mode="", replays_directory="", replay_id="")
    return Client(api_key=key, vertexai=False, http_options=options, debug_config=live)
