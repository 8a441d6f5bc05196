"""Faults while the connection is made: the server certainly never hears of the request.

Each is a context manager that is given the API's URL and gives the URL that leads into the fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from reliability.proxy.after import NEVER
from reliability.proxy.certificates import Authority
from reliability.proxy.connection import Befalls, Connection
from reliability.proxy.kinds import Kind
from reliability.proxy.server import FaultProxy

__all__ = ["CONNECT"]

#: What is around a call: from the URL of the API the one that is called.
Surrounding = Callable[[str], contextlib.AbstractContextManager[str]]


@contextlib.contextmanager
def _no_name(_api_url: str) -> Iterator[str]:
    yield "https://chamber.invalid/v1"


@contextlib.contextmanager
def _slow_name(_api_url: str) -> Iterator[str]:
    asked, known = threading.Event(), socket.getaddrinfo

    def slow(host: Any, *question: Any, **options: Any) -> Any:
        if host != "slow.invalid":
            return known(host, *question, **options)
        asked.wait(NEVER)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with mock.patch.object(socket, "getaddrinfo", slow):
        yield "https://slow.invalid/v1"
        asked.set()


@contextlib.contextmanager
def _refused(_api_url: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}/v1"


@contextlib.contextmanager
def _never_accepted(_api_url: str) -> Iterator[str]:
    """A queue of connections that is full: the system answers no more of them."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}/v1"


def _shown(host: str = "127.0.0.1", *, expired: bool = False, trusted: bool = True) -> Surrounding:
    """A server that shows a certificate."""

    @contextlib.contextmanager
    def fault(api_url: str) -> Iterator[str]:
        authority = Authority()
        with contextlib.ExitStack() as stack:
            if trusted:
                stack.enter_context(authority.trusted())
            yield stack.enter_context(FaultProxy(api_url, tls=authority.server(host, expired=expired))).url

    return fault


def _handshake(behaviour: Befalls) -> Surrounding:
    """A server that does this instead of shaking hands."""

    @contextlib.contextmanager
    def fault(_api_url: str) -> Iterator[str]:
        with FaultProxy() as proxy:
            proxy.befall(Kind("handshake", "connect", "", "", "", behaviour), times=None)
            yield proxy.url.replace("http:", "https:")

    return fault


async def _says_nothing(connection: Connection) -> None:
    await connection.reader.read()


async def _speaks_plainly(connection: Connection) -> None:
    await connection.reader.read(1)
    await connection.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def _resets(connection: Connection) -> None:
    await connection.reader.read(1)
    connection.reset()


def _behind(behaviour: Befalls) -> Surrounding:
    """An HTTP proxy that does this when it is asked to connect."""

    @contextlib.contextmanager
    def fault(_api_url: str) -> Iterator[str]:
        with FaultProxy() as proxy:
            proxy.befall(Kind("behind", "connect", "", "", "", behaviour), times=None)
            with mock.patch.dict(os.environ, {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}):
                yield "https://chamber.invalid/v1"

    return fault


async def _wants_a_password(connection: Connection) -> None:
    await connection.request()
    await connection.say(
        b"HTTP/1.1 407 Proxy Authentication Required\r\n"
        b'Proxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\n\r\n'
    )


async def _drops(connection: Connection) -> None:
    await connection.request()


async def _drops_the_tunnel(connection: Connection) -> None:
    await connection.request()
    await connection.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.sleep(0)
    connection.reset()


def _kind(name: str, does: str, fault: Callable[..., Any], *, ends: str = "TransportError", slow: bool = False) -> Kind:
    return Kind(name, "connect", does, ends, ends, fault, slow)


CONNECT = [
    _kind("dns_none", "the name has no address", _no_name),
    _kind("dns_slow", "the name's address never comes", _slow_name, ends="DeadlineExceeded", slow=True),
    _kind("refused", "nobody listens", _refused),
    _kind("syn_hang", "nobody answers the connection", _never_accepted, ends="DeadlineExceeded", slow=True),
    _kind("tls_untrusted", "a certificate of an unknown authority", _shown(trusted=False)),
    _kind("tls_expired", "a certificate that has expired", _shown(expired=True)),
    _kind("tls_other_host", "a certificate of another host", _shown("chamber.example")),
    _kind("tls_hang", "nobody shakes hands", _handshake(_says_nothing), ends="DeadlineExceeded", slow=True),
    _kind("tls_reset", "the handshake is reset", _handshake(_resets)),
    _kind("tls_plain", "plain HTTP where TLS is expected", _handshake(_speaks_plainly)),
    _kind("proxy_407", "an HTTP proxy wants a password", _behind(_wants_a_password)),
    _kind("proxy_drop", "an HTTP proxy drops the request to connect", _behind(_drops)),
    _kind("proxy_tunnel_reset", "an HTTP proxy connects, and resets the tunnel", _behind(_drops_the_tunnel)),
]
