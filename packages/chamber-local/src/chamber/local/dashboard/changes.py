"""Changes of workloads as they happen."""

import msgspec
from aiohttp import web

from chamber.local.api.services import Services, services
from chamber.local.dashboard.streams import STREAMS, Message, resumed_from
from chamber.local.storage import changes
from chamber.local.storage.queries import Filter

__all__ = ["followed"]

#: Whoever missed more looks at everything again.
_MOST = 1000


async def followed(request: web.Request) -> web.StreamResponse:
    """The handler of ``/changes``: first ``ready``, then ``changes``."""
    feed = _Feed(services(request), resumed_from(request))
    return await request.app[STREAMS].serve(request, feed.look)


class _Feed:
    """How far one reader is."""

    def __init__(self, parts: Services, after: int | None) -> None:
        self._parts, self._after = parts, after
        self._seq: int | None = None

    async def look(self) -> Message | None:
        if self._seq is None:
            return await self._begin()
        found = await self._parts.database.read(changes.since, self._parts.seen(Filter()), self._seq)
        self._seq = found.latest
        return Message("changes", msgspec.to_builtins(found.items), self._seq) if found.items else None

    async def _begin(self) -> Message:
        latest = await self._parts.database.read(changes.latest)
        resumed = self._after is not None and 0 <= latest - self._after <= _MOST
        self._seq = self._after if resumed and self._after is not None else latest
        return Message("ready", {"resumed": resumed}, self._seq)
