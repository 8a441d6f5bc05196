"""Names → addresses, in threads of our own.

The event loop's thread pool refuses work once the main thread has ended; calls made at interpreter exit still
have to resolve names.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["ThreadResolver"]


class ThreadResolver(AbstractResolver):
    """Resolves through the operating system, each name in a daemon thread: a slow name holds up no other."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises OSError: it has none."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        question = (host, port, family, socket.SOCK_STREAM)
        thread = threading.Thread(target=_look_up, args=(answer, question), name="chamber-resolver", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python 3.12 refuses as soon as the main thread has ended
            _look_up(answer, question)
        return [_result(host, found) for found in await answer]

    async def close(self) -> None:
        """Nothing to close: each thread ends with its answer."""


def _look_up(answer: asyncio.Future[list[Any]], question: tuple[Any, ...]) -> None:
    try:
        found: list[Any] | OSError = socket.getaddrinfo(*question)
    except (OSError, UnicodeError) as error:
        found = error if isinstance(error, OSError) else OSError(f"{question[0]!r} is no host name")
    with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
        answer.get_loop().call_soon_threadsafe(_settle, answer, found)


def _settle(answer: asyncio.Future[list[Any]], found: list[Any] | OSError) -> None:
    if answer.done():
        return
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)


def _result(host: str, found: Any) -> ResolveResult:
    family, _kind, protocol, _name, address = found
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST,
    )
