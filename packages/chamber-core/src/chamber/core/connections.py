"""aiohttp sessions: one for each event loop, and none of them shared with a forked child."""

from __future__ import annotations

import asyncio
import os
import socket
import weakref
from importlib.metadata import version
from typing import Any

import aiohttp
from yarl import URL

from chamber.core.resolver import ThreadResolver

__all__ = ["Connections", "close_here", "url_of"]

_LIMIT = 64
_LIMIT_PER_HOST = 32
_KEEPALIVE = 30.0
_DNS_CACHE = 30

_open_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()


class Connections:
    """The pools of one client. A pool is made in the loop that first needs it."""

    def __init__(self) -> None:
        self._sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession]
        self._sessions = weakref.WeakKeyDictionary()
        _living.add(self)

    def session(self) -> aiohttp.ClientSession:
        """The session of the running loop: no cookies, no netrc, no redirects of its own."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            session = self._sessions[loop] = _new_session()
        return session

    async def close(self) -> None:
        """Close the session of the running loop; those of other loops close with them."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def forget(self) -> None:
        """Drop every session without closing its sockets: they belong to the parent process."""
        _inherited.extend(self._sessions.values())
        self._sessions = weakref.WeakKeyDictionary()


async def close_here() -> None:
    """Close every client's session of the running loop."""
    for connections in list(_living):
        await connections.close()


_living: weakref.WeakSet[Connections] = weakref.WeakSet()
_inherited: list[aiohttp.ClientSession] = []


def _new_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=_LIMIT,
        limit_per_host=_LIMIT_PER_HOST,
        keepalive_timeout=_KEEPALIVE,
        ttl_dns_cache=_DNS_CACHE,
        resolver=ThreadResolver(),
        socket_factory=_tracked_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        requote_redirect_url=False,
        headers={"User-Agent": f"chamber-core/{version('chamber-core')}", "Accept-Encoding": "gzip"},
    )


def url_of(text: str) -> URL:
    """A URL exactly as written: yarl would otherwise resolve ``..`` and ``%2e%2e``."""
    return URL(text, encoded=True)


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


os.register_at_fork(after_in_child=_after_fork_in_child)
