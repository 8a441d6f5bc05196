"""For tests of code that uses Chamber, and for authors of plugins.

::

    def test_my_report():
        transport = RecordingTransport({"GET workloads": {"workloads": []}})
        with recorded_client(transport) as client:
            assert my_report(client) == "no workloads"
        assert transport.calls[0].params == {"limit": "100"}
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from chamber.core import methods, plugins
from chamber.core.client import AsyncChamberClient, ChamberClient
from chamber.core.clock import Clock
from chamber.core.settings import Settings
from chamber.core.transport import Transport
from chamber.core.transport.exchange import Request
from chamber.core.wire import Answer

__all__ = [
    "FakeClock",
    "RecordedCall",
    "RecordingTransport",
    "Reply",
    "recorded_async_client",
    "recorded_client",
    "registered",
    "waiting_by",
]


C = TypeVar("C", ChamberClient, AsyncChamberClient)


class Reply(msgspec.Struct, frozen=True):
    """What the API is to answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}

    def bytes(self) -> bytes:
        """The body: bytes as they are, anything else as JSON."""
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


class RecordedCall(msgspec.Struct, frozen=True):
    """One attempt as it would have been sent."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]


class FakeClock(Clock):
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time: float = 0.0
        #: Every sleep so far, in seconds.
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self.time

    def now(self) -> datetime:
        """The first moment of 2026, and the seconds slept since."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, at once."""
        self.sleeps.append(seconds)
        self.time += seconds


class RecordingTransport(Transport):
    """A transport that answers from a table and keeps what it was asked. Retries and errors are the real ones.

    `replies`: "METHOD path" → a body, a `Reply`, an exception to raise, or a list of these, the last of which
    is repeated.
    """

    def __init__(self, replies: Mapping[str, Any] | None = None, settings: Settings | None = None) -> None:
        clock = FakeClock()
        super().__init__(settings or Settings("ch.test-token", "https://chamber.test/v1"), clock)
        #: Every wait so far, in seconds; none of them took any time.
        self.sleeps: list[float] = clock.sleeps
        self.replies: dict[str, Any] = {
            call: list(reply) if isinstance(reply, list) else reply for call, reply in (replies or {}).items()
        }
        self.calls: list[RecordedCall] = []

    async def _send(self, request: Request, timeout: float) -> Answer:
        call = self._recorded(request)
        self.calls.append(call)
        reply = self._reply(f"{call.method} {call.path}")
        if isinstance(reply, BaseException):
            raise reply
        return Answer(reply.status, reply.headers, reply.bytes(), request.method, request.url)

    def _recorded(self, request: Request) -> RecordedCall:
        path = request.url.removeprefix(self.settings.api_url).lstrip("/")
        body = None if request.body is None else msgspec.json.decode(request.body)
        parts = urlsplit(path)
        return RecordedCall(request.method, parts.path, dict(parse_qsl(parts.query)), body, request.headers)

    def _reply(self, call: str) -> Reply | BaseException:
        if call not in self.replies:
            raise AssertionError(f"no reply is recorded for {call!r}, only for {', '.join(self.replies) or 'nothing'}")
        reply = self.replies[call]
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply if isinstance(reply, Reply | BaseException) else Reply(body=reply)


@contextlib.contextmanager
def recorded_client(transport: RecordingTransport) -> Iterator[ChamberClient]:
    """A blocking client on a recording transport."""
    with ChamberClient(token="ch.test-token", api_url=transport.settings.api_url) as client:
        client._async._transport = transport
        yield client


def recorded_async_client(transport: RecordingTransport) -> AsyncChamberClient:
    """An async client on a recording transport."""
    client = AsyncChamberClient(token="ch.test-token", api_url=transport.settings.api_url)
    client._transport = transport
    return client


def waiting_by(client: C, clock: Clock) -> C:
    """The client, which waits by that clock from now on: with a `FakeClock`, polls and pauses take no time."""
    _awaiting(client)._transport.clock = clock
    return client


def _awaiting(client: ChamberClient | AsyncChamberClient) -> AsyncChamberClient:
    return client._async if isinstance(client, ChamberClient) else client


@contextlib.contextmanager
def registered(plugin: ModuleType | object, name: str = "plugin-under-test") -> Iterator[None]:
    """Have the clients take in a plugin that is not installed, and forget it afterwards.

    Raises whatever the plugin raises, and PluginError where one that is installed would be set aside.
    """
    host = plugins.manager()
    host.register(plugin, name=name)
    try:
        plugins.check_hooks(host, name)
        methods.regrow()
        if name in plugins.broken:
            raise plugins.broken[name]
        yield
    finally:
        plugins.broken.pop(name, None)
        if host.has_plugin(name):
            host.unregister(name=name)
        methods.regrow()
