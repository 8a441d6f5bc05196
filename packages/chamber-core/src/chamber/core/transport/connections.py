"""aiohttp sessions: one for each event loop, and none of them shared with a forked child."""

from __future__ import annotations

import asyncio
import atexit
import os
import platform
import socket
import weakref
from collections.abc import AsyncGenerator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from yarl import URL

from chamber.core.transport.proxies import proxy_for
from chamber.core.transport.resolver import ThreadResolver
from chamber.core.transport.under_way import UnderWay

if TYPE_CHECKING:
    import ssl

__all__ = ["Connections", "url_of"]

_LIMIT = 64
_LIMIT_PER_HOST = 32
_KEEPALIVE = 30.0
_DNS_CACHE = 30

_open_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()


class Connections:
    """The pools of one client, each made in the loop that first needs it. `tls`: None trusts what the machine does."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Opened]
        self._sessions = weakref.WeakKeyDictionary()
        self._under_way: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, UnderWay]
        self._under_way = weakref.WeakKeyDictionary()
        self._proxies: dict[str, str | None] = {}
        _living.add(self)

    @property
    def under_way(self) -> UnderWay:
        """The calls and waits of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._under_way.get(loop)
        if found is None:
            found = self._under_way[loop] = UnderWay()
        return found

    async def session(self, *, noting: bool = True) -> aiohttp.ClientSession:
        """The session of the running loop: no cookies, no netrc, no redirects of its own.

        One that is `noting` sets ``sent`` of a request's `trace_request_ctx` just before its first byte is written.
        """
        loop = asyncio.get_running_loop()
        opened = self._sessions.get(loop)
        if opened is None or opened.noting.closed:
            self._forget_ended_loops()
            opened = self._sessions[loop] = _opened(self._tls)
            await anext(opened.end)
        return opened.noting if noting else opened.plain

    async def close(self) -> None:
        """End what is under way in the running loop, and close its session; those of other loops close with them."""
        await self.under_way.close()
        opened = self._sessions.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await opened.end.aclose()

    def proxy(self, url: str, *, anew: bool) -> str | None:
        """The proxy that `url` goes through; found out `anew`, or as when its host was first asked."""
        origin = "/".join(url.split("/", 3)[:3])
        if anew or origin not in self._proxies:
            self._proxies[origin] = proxy_for(origin)
        return self._proxies[origin]

    def _forget_ended_loops(self) -> None:
        for loop in [loop for loop in self._sessions if loop.is_closed()]:
            loop.set_exception_handler(_say_nothing)  # it ended without closing what was opened in it
            del self._sessions[loop]

    def forget(self) -> None:
        """Drop every session without closing its sockets: they belong to the parent process."""
        _inherited.extend(self._sessions.values())
        self._sessions, self._under_way = weakref.WeakKeyDictionary(), weakref.WeakKeyDictionary()


class _Opened(NamedTuple):
    """Two sessions over the same connections, and what closes both when it is closed itself."""

    noting: aiohttp.ClientSession
    plain: aiohttp.ClientSession
    end: AsyncGenerator[None, None]


_living: weakref.WeakSet[Connections] = weakref.WeakSet()
_inherited: list[_Opened] = []


def _opened(tls: ssl.SSLContext | None) -> _Opened:
    connector = aiohttp.TCPConnector(
        ssl=True if tls is None else tls,
        limit=_LIMIT,
        limit_per_host=_LIMIT_PER_HOST,
        keepalive_timeout=_KEEPALIVE,
        ttl_dns_cache=_DNS_CACHE,
        resolver=ThreadResolver(),
        socket_factory=_tracked_socket,
    )
    noting, plain = _new_session(connector, [_noting_what_is_sent()]), _new_session(connector, [])
    return _Opened(noting, plain, _closed_at_the_end(noting, plain))


async def _closed_at_the_end(*sessions: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Suspended while the sessions are in use; their loop finishes it at its own end, or when its client is dropped.

    That is what event loops do with asynchronous generators (`loop.shutdown_asyncgens`).
    """
    try:
        yield
    finally:
        for session in sessions:
            await session.close()


def _new_session(connector: aiohttp.TCPConnector, traces: list[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        requote_redirect_url=False,
        headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip"},
        trace_configs=traces,
    )
    session._retry_connection = False  # every attempt is counted and has its own X-Request-Id
    return session


def _user_agent() -> str:
    try:
        own = f"chamber-core/{version('chamber-core')}"
    except PackageNotFoundError:  # as in a program that was frozen into one file
        own = "chamber-core"
    return f"{own} Python/{platform.python_version()} aiohttp/{aiohttp.__version__}"


#: Found once: later there may be no descriptor left to read it.
_USER_AGENT = _user_agent()


def _noting_what_is_sent() -> aiohttp.TraceConfig:
    """Sets ``sent`` of a request's `trace_request_ctx` just before its first byte is written."""

    async def note(_session: Any, context: Any, _sending: Any) -> None:
        context.trace_request_ctx.sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note)
    return trace


def url_of(text: str) -> URL:
    """A URL exactly as written: yarl would otherwise resolve ``..`` and ``%2e%2e``."""
    return URL(text, encoded=True)


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    pass


def _tracked_socket(address: Any) -> socket.socket:
    family, kind, protocol, _name, _address = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    _open_sockets.add(made)
    return made


def _after_fork_in_child() -> None:
    """Give up the parent's connections.

    Closing the inherited sockets would take them out of the epoll set that is shared with the parent, whose
    next call would hang: they are overwritten instead.
    """
    descriptors = [s.fileno() for s in _open_sockets if s.fileno() >= 0]
    if descriptors:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in descriptors:
            os.dup2(nothing, descriptor)
        os.close(nothing)
    for connections in list(_living):
        connections.forget()


def _at_exit() -> None:
    for connections in list(_living):
        connections._forget_ended_loops()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork_in_child)
