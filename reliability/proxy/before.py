"""Faults before the server acts: it never hears of the request."""

from __future__ import annotations

from email.utils import formatdate
from time import time

from reliability.proxy.connection import Befalls, Connection
from reliability.proxy.kinds import Kind

__all__ = ["BEFORE"]

_SOME = 40


async def _at_accept(connection: Connection) -> None:
    connection.reset()


async def _within_the_head(connection: Connection) -> None:
    await connection.reader.readexactly(_SOME)
    connection.reset()


async def _after_the_head(connection: Connection) -> None:
    await connection.reader.readuntil(b"\r\n\r\n")
    connection.reset()


async def _within_the_body(connection: Connection) -> None:
    head = await connection.reader.readuntil(b"\r\n\r\n")
    if head.upper().startswith((b"OST", b"POST")):
        await connection.reader.read(20)
    connection.reset()


def _status(line: str, *headers: str, dated: bool = False) -> Befalls:
    async def fault(connection: Connection) -> None:
        await connection.request()
        now = time()
        dates = (f"Date: {formatdate(now, usegmt=True)}", f"Retry-After: {formatdate(now + 2, usegmt=True)}")
        told = "\r\n".join([f"HTTP/1.1 {line}", *headers, *(dates if dated else ()), "Content-Length: 2"])
        await connection.say(f"{told}\r\n\r\n{{}}".encode())

    return fault


BEFORE = [
    Kind("reset_at_accept", "before", "resets the connection as soon as it is there", "result", "once", _at_accept),
    Kind("reset_in_head", "before", f"resets after {_SOME} bytes of the request", "result", "once", _within_the_head),
    Kind("reset_after_head", "before", "resets after the request's headers", "result", "once", _after_the_head),
    Kind("reset_in_body", "before", "resets within the request's body", "result", "once", _within_the_body),
    Kind("status_408", "before", "answers 408", "result", "once", _status("408 Request Timeout")),
    Kind("status_425", "before", "answers 425", "result", "once", _status("425 Too Early")),
    Kind(
        "throttled_seconds",
        "before",
        "answers 429 with Retry-After in seconds",
        "result",
        "once",
        _status("429 Too Many Requests", "Retry-After: 2"),
    ),
    Kind(
        "throttled_date",
        "before",
        "answers 429 with Retry-After as a date",
        "result",
        "once",
        _status("429 Too Many Requests", dated=True),
    ),
    Kind(
        "unavailable",
        "before",
        "answers 503 with Retry-After",
        "result",
        "once",
        _status("503 Service Unavailable", "Retry-After: 2"),
    ),
]
