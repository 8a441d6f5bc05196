"""Faults of a server that means harm, after the server acted."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable

from reliability.proxy.connection import Befalls, Connection
from reliability.proxy.kinds import Kind

__all__ = ["HOSTILE"]

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_BIG = 64 << 20
_PIECE = b" " * (256 << 10)
_GZIPPED = gzip.compress(b" " * (96 << 20), 1)
_DEFLATED = zlib.compress(b" " * (96 << 20), 1)
_MANY = 20_000


def _encoded(name: bytes, body: Callable[[bytes], bytes]) -> Befalls:
    async def fault(connection: Connection) -> None:
        said = body((await connection.answer()).body)
        await connection.say(_OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (name, len(said)), said)

    return fault


def _five_times(body: bytes) -> bytes:
    for _ in range(5):
        body = gzip.compress(body)
    return body


async def _large(connection: Connection) -> None:
    await connection.answer()
    await connection.say(_OK + b"Content-Length: %d\r\n\r\n" % _BIG, *[_PIECE] * (_BIG // len(_PIECE)))


async def _drip(connection: Connection) -> None:
    await connection.answer()
    await connection.say(_OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        await connection.say(b" ")
        await asyncio.sleep(0.02)


async def _endless(connection: Connection) -> None:
    await connection.answer()
    await connection.say(_OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await connection.say(b"%x\r\n" % len(_PIECE), _PIECE, b"\r\n")


async def _headers(connection: Connection) -> None:
    await connection.answer()
    await connection.say(_OK, *[b"X-Flood-%d: 1\r\n" % n for n in range(_MANY)], b"Content-Length: 2\r\n\r\n{}")


async def _trailers(connection: Connection) -> None:
    answer = await connection.answer()
    chunk = b"%x\r\n" % len(answer.body) + answer.body + b"\r\n0\r\n"
    await connection.say(_OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk)
    await connection.say(*[b"X-Flood-%d: 1\r\n" % n for n in range(_MANY)], b"\r\n")


async def _informed(connection: Connection) -> None:
    await connection.answer()
    while True:
        await connection.say(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await asyncio.sleep(0.005)


def _redirected(location: bytes) -> Befalls:
    async def fault(connection: Connection) -> None:
        request = await connection.request()
        await connection.upstream(request)
        path = request.head.split(b" ", 2)[1]
        head = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s%s\r\nContent-Length: 0\r\n\r\n"
        await connection.say(head % (location, path))

    return fault


def _kind(name: str, does: str, fault: Callable[..., object], read: str, *, slow: bool = False) -> Kind:
    return Kind(name, "hostile", does, read, "once", fault, slow)


_REFUSED = "UnexpectedResponseError"

HOSTILE = [
    _kind("gzip_bomb", "gzip that inflates to 96 MiB", _encoded(b"gzip", lambda _: _GZIPPED), _REFUSED),
    _kind("deflate_bomb", "deflate that inflates to 96 MiB", _encoded(b"deflate", lambda _: _DEFLATED), _REFUSED),
    _kind("five_encodings", "gzip in gzip, five times", _encoded(b"gzip, " * 4 + b"gzip", _five_times), _REFUSED),
    _kind("large_body", "a body of 64 MiB", _large, _REFUSED),
    _kind("drip", "a byte every 20 ms for ever", _drip, "result", slow=True),
    _kind("endless_chunks", "chunks without end", _endless, _REFUSED),
    _kind("header_flood", f"{_MANY:,} headers", _headers, "result"),
    _kind("trailer_flood", f"{_MANY:,} headers after the body", _trailers, "result"),
    _kind("hint_flood", "answers of 1xx without end", _informed, "result", slow=True),
    _kind("redirect_elsewhere", "a redirect to another host", _redirected(b"http://127.0.0.2:9"), "RedirectRefused"),
    _kind("redirect_loop", "a redirect to where it came from", _redirected(b""), "RedirectRefused"),
]
