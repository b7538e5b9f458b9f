"""Each provider of the package, as it answers the steps of a toy's life, with its call sites noted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from penstock.providers.gemini import GeminiWriter
from penstock.providers.offline import OfflineWriter
from penstock.providers.openai import OpenAIWriter
from tests import fake_gemini, fake_media, fake_openai
from tests.calls import Write
from tests.faults.call_sites import Hit, Noted
from tests.toys import MODEL, USED

SECONDS = 10.0
Provided = Callable[[set[Hit]], AbstractContextManager[Write]]


@contextmanager
def offline(_hits: set[Hit]) -> Iterator[Write]:
    """It calls nobody."""
    writer = OfflineWriter()
    yield lambda _model_id, prompt, seconds: writer.write(MODEL, prompt, seconds)


@contextmanager
def openai(hits: set[Hit]) -> Iterator[Write]:
    """Its own SDK, and a server that speaks as OpenAI does. What no toy asks for is asked for before."""
    with fake_openai.serving() as server:
        told = fake_openai.Told(usage=fake_openai.usage(USED.input, USED.output))
        server.answer = lambda asked: told if "chat" in asked.path else fake_media.made(asked)
        writer = OpenAIWriter("sk-secret", server.url, vendor=True)
        client: Any = Noted(writer._client, hits, nested=True)
        writer._client = client
        writer.write(fake_openai.MODEL, fake_openai.PROMPT.model_copy(update={"search": True}), SECONDS)
        writer.make(fake_media.PAINTER, fake_media.IMAGE, SECONDS)
        writer.make(fake_media.SPEAKER, fake_media.SPEECH, SECONDS)
        yield lambda _model_id, prompt, seconds: writer.write(fake_openai.MODEL, prompt, seconds)
        writer.close()


@contextmanager
def gemini(hits: set[Hit]) -> Iterator[Write]:
    """Its own SDK, and a server that speaks as Gemini does."""
    with fake_gemini.serving() as server:
        server.answer = fake_openai.always(fake_gemini.Told(usage=fake_gemini.usage(USED.input, USED.output)))
        writer = GeminiWriter("secret", server.url)
        client: Any = Noted(writer._client, hits, nested=True)
        writer._client = client
        yield lambda _model_id, prompt, seconds: writer.write(fake_gemini.MODEL, prompt, seconds)
        writer.close()


PROVIDERS: dict[str, Provided] = {"gemini": gemini, "offline": offline, "openai": openai}
