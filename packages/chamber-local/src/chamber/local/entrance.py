"""The listening socket, and shutting it for a while."""

import asyncio
from contextlib import suppress

from aiohttp import web

from chamber.local.listening import Listening

__all__ = ["Entrance"]


class Entrance:
    """Where a server's connections come in. Its coroutines run in the server's loop, `shut` and `open` elsewhere."""

    def __init__(self, runner: web.AppRunner, listening: Listening) -> None:
        self._runner, self._listening = runner, listening
        self._loop = asyncio.get_running_loop()
        self._site: web.SockSite | None = None
        self._opening: asyncio.Task[None] | None = None

    def shut(self, seconds: float | None) -> None:
        """Ends the connections that are there and refuses others, for that long or until opened."""
        asyncio.run_coroutine_threadsafe(self._shut(seconds), self._loop).result()

    def open(self) -> None:
        """Takes connections again."""
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result()

    async def start(self) -> None:
        """Takes connections. Does nothing when it does."""
        if self._site is None:
            self._site = web.SockSite(self._runner, self._listening.socket)
            await self._site.start()

    async def close(self) -> None:
        """Leaves it as it is: it is not opened any more."""
        await self._forget_opening()

    async def _shut(self, seconds: float | None) -> None:
        await self._forget_opening()
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            self._listening.hold()
            self._end_connections()
        if seconds is not None:
            self._opening = asyncio.create_task(self._open_in(seconds))

    async def _open_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.start()

    async def _forget_opening(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
            with suppress(asyncio.CancelledError):
                await opening

    def _end_connections(self) -> None:
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            connection.force_close()
