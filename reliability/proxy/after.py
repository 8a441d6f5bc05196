"""Faults after the server acted: its answer is lost or replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reliability.proxy.connection import Answer, Befalls, Connection
from reliability.proxy.kinds import Kind

__all__ = ["AFTER", "NEVER"]

#: Seconds beyond anybody's patience.
NEVER = 3600.0


def _cut(piece: Callable[[Answer], bytes], *, reset: bool = True) -> Befalls:
    """Says what `piece` makes of the answer, and ends the connection."""

    async def fault(connection: Connection) -> None:
        await connection.say(piece(await connection.answer()))
        if reset:
            connection.reset()
        await connection.close()

    return fault


def _half_a_chunk(answer: Answer) -> bytes:
    head = (
        answer.head.split(b"\r\n", 1)[0] + b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head + b"%x\r\n" % (len(answer.body) + 20) + answer.body


def _status(line: bytes) -> Befalls:
    async def fault(connection: Connection) -> None:
        await connection.answer()
        await connection.say(b"HTTP/1.1 " + line + b"\r\nContent-Length: 6\r\n\r\n<html>")

    return fault


async def _too_late(connection: Connection) -> None:
    answer = await connection.answer()
    await asyncio.sleep(NEVER)
    await connection.say(answer.head, answer.body)


def _kind(name: str, does: str, fault: Callable[..., object], *, slow: bool = False) -> Kind:
    return Kind(name, "after", does, "result", "once", fault, slow)


AFTER = [
    _kind("reset_before_status", "resets instead of answering", _cut(lambda _: b"")),
    _kind("reset_in_headers", "resets within the answer's headers", _cut(lambda a: a.head[: len(a.head) // 2])),
    _kind("reset_in_answer", "resets within the answer's body", _cut(lambda a: a.head + a.body[: len(a.body) // 2])),
    _kind(
        "truncated_length",
        "ends the answer before its Content-Length",
        _cut(lambda a: a.head + a.body[:-1], reset=False),
    ),
    _kind("truncated_chunk", "ends the answer within a chunk", _cut(_half_a_chunk, reset=False)),
    _kind("too_late", "answers after the client's patience", _too_late, slow=True),
    _kind("status_500", "the server acted, and says 500", _status(b"500 Internal Server Error")),
    _kind("status_502", "the server acted, and a gateway says 502", _status(b"502 Bad Gateway")),
    _kind("status_504", "the server acted, and a gateway says 504", _status(b"504 Gateway Timeout")),
    _kind("killed", "the server ends before it says a byte", _cut(lambda _: b"", reset=False)),
]
