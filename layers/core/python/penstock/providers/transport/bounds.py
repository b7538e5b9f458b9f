"""Keeps a hostile or broken server from filling the memory. Imports the HTTP client: only the writer loads it."""

from collections.abc import AsyncIterator

import httpx2

from penstock.domain.errors import Transient

# The longest article in the widest script is below a tenth of this. Bytes.
LARGEST_ANSWER = 4 * 1024 * 1024


class Bounded(httpx2.AsyncByteStream):
    """A body that ends with Transient where it gets larger than an answer can be."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise Transient("The provider's answer is larger than any article.", code="answer_too_large")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound(response: httpx2.Response) -> None:
    """A response hook, for refusals too. A compressed body may unfold to a thousand times its size, and we asked for
    none."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Transient("The provider's answer is compressed, which was not asked for.", code="unreadable_answer")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = Bounded(response.stream, LARGEST_ANSWER)
