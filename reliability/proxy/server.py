"""A proxy on loopback, in a thread of its own, that lets faults befall requests."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from reliability.proxy.before import BEFORE
from reliability.proxy.connection import Connection, Upstream, always, server_at
from reliability.proxy.kinds import Kind

__all__ = ["FaultProxy"]

#: What a server that is none says to everything.
_CANNED = b'{"id": "wl_1", "name": "train", "status": "RUNNING"}'
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_ROUNDS = 10
_AT_ACCEPT = BEFORE[0]


class FaultProxy:
    """Between a client and the server at `api_url`; without one it says the same to everything.

    A context manager. `befall` says which fault is to come, `url` is what the client is given.
    """

    def __init__(self, api_url: str | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(api_url or "http://127.0.0.1:1/v1")
        self._upstream: Upstream = server_at(str(parts.hostname), parts.port or 80) if api_url else always(_CANNED)
        self._tls = tls
        self._kind: Kind | None = None
        self._left: int | None = 0
        self._passing = 0
        self._lock = threading.Lock()
        #: Requests, as "METHOD /path", that are answered 404.
        self.unknown: set[str] = set()
        #: What was asked, as "METHOD /path", whatever became of it.
        self.asked: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port: int = 0

    @property
    def url(self) -> str:
        """The API behind the proxy, for a client."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def befall(self, kind: Kind | None, times: int | None = 1, *, after: int = 0) -> None:
        """Let a fault befall `times` requests, None: all, `after` so many that pass."""
        with self._lock:
            self._kind, self._left, self._passing = kind, times, after

    @property
    def is_spent(self) -> bool:
        """Whether as many requests as it was to befall had the fault."""
        return self._left == 0

    def shut(self) -> None:
        """Refuse connections, and drop those that are there."""
        self._run(self._shut())

    def open(self) -> None:
        """Take connections, on the same port as before."""
        self._run(self._listen())

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._accepted, "127.0.0.1", self.port, ssl=self._tls, backlog=512, limit=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        self._server.close()
        for _ in range(_ROUNDS):  # until those that were just accepted are here, and can be ended
            await asyncio.sleep(0)
        for task, writer in [*self._connections.items()]:
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self._connections, return_exceptions=True)
        for _ in range(_ROUNDS):  # transports say goodbye in the rounds after
            await asyncio.sleep(0)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._served(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._upstream)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
                await self._serve(connection)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await connection.close()

    async def _serve(self, connection: Connection) -> None:
        fault = self._due(at_accept=True)
        if fault is not None:
            await fault.fault(connection)
            return
        while begun := await connection.reader.read(1):
            connection.begun = begun
            if (fault := self._due()) is not None:
                await fault.fault(connection)
                return
            request = await connection.request()
            self.asked.append(request.line)
            if request.line in self.unknown:
                await connection.say(_UNKNOWN)
                continue
            answer = await connection.upstream(request)
            await connection.say(answer.head, answer.body)

    def _due(self, *, at_accept: bool = False) -> Kind | None:
        with self._lock:
            if self._left == 0 or self._kind is None or (self._kind is _AT_ACCEPT) != at_accept:
                return None
            if self._passing:
                self._passing -= 1
                return None
            if self._left is not None:
                self._left -= 1
            return self._kind
