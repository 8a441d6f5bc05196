"""What is uploaded, and the check of what is downloaded."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO

from chamber.core.errors import DockerError
from chamber.run.images.layers import Layer

__all__ = ["Moved", "Verified", "counted", "pieces"]

#: Told how many bytes of a blob were moved so far; it begins anew when the blob does.
Moved = Callable[[int], Awaitable[None]]

_PIECE = 256 << 10
#: Bytes between one telling and the next.
_STEP = 8 << 20


async def pieces(layer: Layer) -> AsyncIterator[bytes]:
    """The bytes of `layer`, from the first one, read in a thread."""
    await asyncio.to_thread(layer.content.seek, 0)
    while piece := await asyncio.to_thread(_read, layer.content):
        yield piece


async def counted(chunks: AsyncIterator[bytes], moved: Moved) -> AsyncIterator[bytes]:
    """The same `chunks`; `moved` is told each time some more megabytes have gone on, and so not of small blobs."""
    done = told = 0
    async for chunk in chunks:
        yield chunk
        done += len(chunk)
        if done - told >= _STEP:
            told = done
            await moved(done)


class Verified:
    """Passes on a download, once, and compares it with its digest and size.

    What was wrong is kept as well, because an HTTP client hides what the body of a request raises.
    """

    def __init__(self, source: AsyncIterator[bytes], digest: str, size: int, name: str) -> None:
        self._source = source
        self._hash = hashlib.new(digest.partition(":")[0])
        self._digest = digest
        self._left = size
        self._name = name
        self._failure: DockerError | None = None

    def raise_failure(self) -> None:
        """Raise what was wrong, if anything was."""
        if self._failure is not None:
            raise self._failure

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._source:
            self._left -= len(chunk)
            self._hash.update(chunk)
            if self._left < 0:
                break
            yield chunk
        if self._left or self._hash.hexdigest() != self._digest.partition(":")[2]:
            self._failure = DockerError(f"{self._name} sent other bytes than those of {self._digest}: nothing was used")
            raise self._failure


def _read(content: IO[bytes]) -> bytes:
    return content.read(_PIECE)
