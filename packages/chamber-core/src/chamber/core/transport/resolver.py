"""Names → addresses, through the operating system."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from chamber.core.transport.daemon import in_daemon

__all__ = ["ThreadResolver"]


class ThreadResolver(AbstractResolver):
    """Resolves each name in a daemon thread: a slow name holds up no other."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises OSError: it has none."""
        return [
            _result(host, found) for found in await in_daemon(_look_up, host, port, family, name="chamber-resolver")
        ]

    async def close(self) -> None:
        """Nothing to close: each thread ends with its answer."""


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"{host!r} is no host name") from None


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
