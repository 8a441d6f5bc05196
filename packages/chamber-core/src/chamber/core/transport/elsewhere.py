"""Exchanges with another host than the API, by a TLS context of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from chamber.core.transport.connections import Connections
from chamber.core.transport.exchange import Request, Streamed, checked_headers, exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

__all__ = ["Elsewhere"]


class Elsewhere:
    """The connections to that host. `tls`: None trusts what the machine does."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._connections = Connections(tls)

    @contextlib.asynccontextmanager
    async def get(
        self, url: str, headers: Mapping[str, str], *, timeout: float, silence: float
    ) -> AsyncIterator[Streamed]:
        """One GET, sent once: no redirect, no credentials but those in `headers`.

        `timeout`: seconds until the whole answer is read; `silence`: seconds without a byte after which it is given up.

        Raises TransportError: no answer came, or it broke off.
        """
        request = Request("GET", url, checked_headers(headers), silence=silence)
        async with exchange(self._connections, request, timeout) as streamed:
            yield streamed

    async def close(self) -> None:
        """Close the connections of the running loop, and end what is under way in it."""
        await self._connections.close()
