"""Keeps a hostile or broken server from filling the memory. Imports the HTTP client: only the writer loads it."""

from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx2

from penstock.domain.errors import Transient

# The longest article in the widest script is below a tenth of this. Bytes.
LARGEST_ANSWER = 4 * 1024 * 1024
# A picture of 1536 × 1024 without any compression is 8 MB in base64, five minutes of speech without any are 14.
LARGEST_MEDIA = 24 * 1024 * 1024
_most = ContextVar("most", default=LARGEST_ANSWER)


class Bounded(httpx2.AsyncByteStream):
    """A body that ends with Transient where it gets larger than an answer can be."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise Transient("The provider's answer is larger than any can be.", code="answer_too_large")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def expect_media() -> None:
    """The answers that this task waits for may be as large as a picture."""
    _most.set(LARGEST_MEDIA)


async def bound(response: httpx2.Response) -> None:
    """A response hook, for refusals too. A compressed body may unfold to a thousand times its size, and we asked for
    none."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Transient("The provider's answer is compressed, which was not asked for.", code="unreadable_answer")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = Bounded(response.stream, _most.get())
