"""Server-sent events (WHATWG HTML, section 9.2): streams that hold little, end with the server, and drop slow readers.

A stream holds no messages: it remembers how far its reader is, and looks for what comes next when that was written.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from chamber.local.api.errors import ApiError, invalid
from chamber.local.dashboard.exchange import DATA

__all__ = ["STREAMS", "Message", "Streams", "resumed_from"]

_HEADERS = {**DATA, "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


class Message(msgspec.Struct, frozen=True):
    """An event; `place` is where a reader that got it goes on. After the `last` the stream ends."""

    event: str
    data: Any
    place: int
    last: bool = False

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.place, self.event.encode(), msgspec.json.encode(self.data))


class Streams:
    """The open streams of a server, at most `most`, each as long as `admits` says so of its request.

    The times are in seconds: between looks, between signs of life, and for a write.
    """

    def __init__(
        self,
        admits: Callable[[web.Request], bool],
        *,
        most: int = 64,
        look: float = 0.2,
        alive: float = 15.0,
        patience: float = 10.0,
    ) -> None:
        self._admits, self._most = admits, most
        self._look, self._alive, self._patience = look, alive, patience
        self._open = 0
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Ends them all."""
        self._ended.set()

    async def serve(self, request: web.Request, look: Callable[[], Awaitable[Message | None]]) -> web.StreamResponse:
        """Writes what `look` finds, until it finds the last, the reader is gone or slow, or the server ends.

        Raises ApiError 503: too many streams are open.
        """
        if self._open >= self._most:
            raise ApiError(503, "TOO_MANY_STREAMS", f"{self._most} pages follow this Chamber already: close one")
        self._open += 1
        try:
            response = web.StreamResponse(headers=_HEADERS)
            with contextlib.suppress(ConnectionError):
                await response.prepare(request)
                await self._write_all(request, response, look)
            return response
        finally:
            self._open -= 1

    async def _write_all(
        self, request: web.Request, response: web.StreamResponse, look: Callable[[], Awaitable[Message | None]]
    ) -> None:
        loop = asyncio.get_running_loop()
        content, written, last = b"retry: 1000\n\n", loop.time(), False
        while not last and not self._ended.is_set() and _connected(request) and self._admits(request):
            if message := await look():
                content, last = content + message.encoded(), message.last
            elif loop.time() - written >= self._alive:
                content = b":\n\n"
            if content:
                await self._write(request, response, content)
                content, written = b"", loop.time()
            else:
                await self._rest()

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), self._look)

    async def _write(self, request: web.Request, response: web.StreamResponse, content: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await response.write(content)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the reader is too slow") from None


STREAMS = web.AppKey("chamber_dashboard_streams", Streams)


def resumed_from(request: web.Request) -> int | None:
    """Where the reader was: the browser says so when it reconnects by itself, the page when it connects anew.

    Raises ApiError 400.
    """
    given = request.headers.get("Last-Event-ID") or request.query.get("after")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise invalid("Last-Event-ID", "is none of this stream's")
    return int(given)


def _connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
