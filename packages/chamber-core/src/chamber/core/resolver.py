"""Names → addresses, in one thread of our own.

The event loop's thread pool refuses work once the main thread has ended; calls made at interpreter exit still
have to resolve names.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["ThreadResolver"]


class ThreadResolver(AbstractResolver):
    """Resolves through the operating system, in a daemon thread that is started with the first name."""

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises OSError: it has none."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        self._start()
        self._questions.put((answer, loop, (host, port, family, socket.SOCK_STREAM)))
        return [_result(host, found) for found in await answer]

    async def close(self) -> None:
        """Nothing to close: the thread ends with the process."""

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="chamber-resolver", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            answer, loop, question = self._questions.get()
            try:
                found: list[Any] | OSError = socket.getaddrinfo(*question)
            except (OSError, UnicodeError) as error:
                found = error if isinstance(error, OSError) else OSError(f"{question[0]!r} is no host name")
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, answer, found)


_Question = tuple["asyncio.Future[list[Any]]", asyncio.AbstractEventLoop, tuple[Any, ...]]


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
