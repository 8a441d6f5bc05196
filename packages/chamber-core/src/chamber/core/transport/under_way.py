"""What is under way in one event loop: so many calls at once, and none any more once the client is closed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from chamber.core.errors import ClientClosedError, DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["UnderWay"]

_AT_ONCE = 32
#: Seconds.
_CLOSED_WITHIN = 2.0


class UnderWay:
    """The calls and waits of one client in one event loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._scopes: set[asyncio.Timeout] = set()
        self._none = asyncio.Event()

    @contextlib.asynccontextmanager
    async def turn(self, within: float) -> AsyncIterator[None]:
        """One of the calls that are under way at once; others wait for it to end.

        Raises DeadlineExceeded: none ended in so many seconds.
        """
        if self._turns.locked():
            await self._waited(within)
        else:
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    @contextlib.asynccontextmanager
    async def until_closed(self) -> AsyncIterator[None]:
        """What is done inside ends with the client. Raises ClientClosedError: it was closed meanwhile."""
        scope = asyncio.timeout(None)
        self._scopes.add(scope)
        try:
            async with scope:
                yield
        except TimeoutError as error:
            if scope.expired() and not isinstance(error, DeadlineExceeded):
                raise ClientClosedError("The client was closed while this call was under way") from None
            raise
        finally:
            self._scopes.discard(scope)
            if not self._scopes:
                self._none.set()

    async def close(self) -> None:
        """End what is under way; wait for it for at most 2 seconds."""
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)
        if self._scopes:
            self._none.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none.wait(), _CLOSED_WITHIN)

    async def _waited(self, within: float) -> None:
        try:
            async with self.until_closed(), asyncio.timeout(within):
                await self._turns.acquire()
        except TimeoutError:
            error = DeadlineExceeded(
                f"{_AT_ONCE} calls of this client are under way, and none ended within {round(within, 2):g} s: make "
                "fewer at once, or pass a longer timeout"
            )
            error.sent = False
            raise error from None
