"""Each provider of the package, as it answers the steps of a toy's life, with its call sites noted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from penstock.providers.offline import OfflineWriter
from penstock.providers.openai import OpenAIWriter
from tests import fake_openai
from tests.calls import Write
from tests.faults.call_sites import Hit, Noted
from tests.toys import MODEL, USED

Provided = Callable[[set[Hit]], AbstractContextManager[Write]]


@contextmanager
def offline(_hits: set[Hit]) -> Iterator[Write]:
    """It calls nobody."""
    writer = OfflineWriter()
    yield lambda _model_id, prompt, seconds: writer.write(MODEL, prompt, seconds)


@contextmanager
def openai(hits: set[Hit]) -> Iterator[Write]:
    """Its own SDK, and a server that speaks as OpenAI does."""
    with fake_openai.serving() as server:
        server.answer = fake_openai.always(fake_openai.Told(usage=fake_openai.usage(USED.input, USED.output)))
        writer = OpenAIWriter("sk-secret", server.url)
        client: Any = Noted(writer._client, hits, nested=True)
        writer._client = client
        yield lambda _model_id, prompt, seconds: writer.write(fake_openai.MODEL, prompt, seconds)
        writer.close()


PROVIDERS: dict[str, Provided] = {"offline": offline, "openai": openai}
