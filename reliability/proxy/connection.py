"""One connection of a client to the proxy, as a fault handles it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Answer", "Befalls", "Connection", "Request", "Upstream", "always", "server_at"]

#: Close with a reset and no farewell (socket(7), SO_LINGER).
_AT_ONCE = struct.pack("ii", 1, 0)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HOST = re.compile(rb"(\r\nhost: *)[^\r]+", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *[a-z-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Request:
    """What the client sent."""

    #: With the empty line that ends it.
    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        """``POST /v1/workloads``."""
        return " ".join(self.head.decode("latin-1").split(" ", 2)[:2])


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    head: bytes
    body: bytes

    def saying(self, body: bytes) -> bytes:
        """This answer with another body."""
        return _LENGTH.sub(b"\r\nContent-Length: %d" % len(body), self.head) + body


Upstream = Callable[[Request], Awaitable[Answer]]


class Connection:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: Upstream) -> None:
        self.reader = reader
        self._writer = writer
        self.upstream = upstream
        #: What was read of the next request already.
        self.begun = b""

    async def request(self) -> Request:
        """The next request, read whole."""
        head = self.begun + await self.reader.readuntil(b"\r\n\r\n")
        self.begun = b""
        length = _LENGTH.search(head)
        return Request(head, await self.reader.readexactly(int(length[1])) if length else b"")

    async def answer(self) -> Answer:
        """What the server, which acts, says to the next request."""
        return await self.upstream(await self.request())

    async def say(self, *pieces: bytes) -> None:
        """Write, and wait until it is taken."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    def reset(self) -> None:
        """End the connection with a reset."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._writer.transport.abort()

    async def close(self) -> None:
        """End the connection with a farewell."""
        with contextlib.suppress(OSError):
            self._writer.close()
            await self._writer.wait_closed()


def server_at(host: str, port: int) -> Upstream:
    """A server that is sent each request on a connection of its own."""

    async def ask(request: Request) -> Answer:
        reader, writer = await asyncio.open_connection(host, port)
        head = _CLOSES.sub(
            b"", _HOST.sub(rb"\g<1>%s:%d" % (host.encode(), port), request.head.removesuffix(b"\r\n\r\n"))
        )
        head += b"\r\nConnection: close\r\n\r\n"
        writer.write(head + request.body)
        try:
            answered, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        finally:
            writer.transport.abort()  # close() would wait until all is written, which nobody may read any more
        return Answer(_CLOSES.sub(b"", answered) + b"\r\n\r\n", body)

    return ask


#: What a kind of fault does with a connection that it befalls.
Befalls = Callable[[Connection], Awaitable[None]]


def always(body: bytes) -> Upstream:
    """A server that says the same to everything."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def ask(_request: Request) -> Answer:
        return Answer(head, body)

    return ask
