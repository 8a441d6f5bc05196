"""What is under way in one event loop: so many calls at once, and none any more once the client is closed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from chamber.core.errors import ClientClosedError, DeadlineExceeded

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Scope", "UnderWay"]

_AT_ONCE = 32
#: Seconds.
_CLOSED_WITHIN = 2.0


class UnderWay:
    """The calls and waits of one client in one event loop."""

    def __init__(self) -> None:
        #: Whether the last exchange had an answer, so that there is a connection.
        self.has_answered = False
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._scopes: set[Scope] = set()
        self._none = asyncio.Event()

    async def turn(self, within: float) -> None:
        """Be one of the calls that are under way at once, until `end_turn`; others wait for one to end.

        Raises DeadlineExceeded: none ended in so many seconds.
        """
        if self._turns.locked():
            await self._waited(within)
        else:
            await self._turns.acquire()

    def end_turn(self) -> None:
        """Let another call begin."""
        self._turns.release()

    def until_closed(self, within: float | None = None) -> Scope:
        """What is done inside ends with the client, or after so many seconds.

        Raises ClientClosedError: the client was closed meanwhile. Raises TimeoutError: it took longer.
        """
        return Scope(self._scopes, self._none, within)

    async def close(self) -> None:
        """End what is under way; wait for it for at most 2 seconds."""
        for scope in self._scopes:
            scope.close()
        if self._scopes:
            self._none.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none.wait(), _CLOSED_WITHIN)

    async def _waited(self, within: float) -> None:
        try:
            async with self.until_closed(within):
                await self._turns.acquire()
        except TimeoutError:
            error = DeadlineExceeded(
                f"{_AT_ONCE} calls of this client are under way, and none ended within {round(within, 2):g} s: make "
                "fewer at once, or pass a longer timeout"
            )
            error.sent = False
            raise error from None


class Scope:
    """What ends with its client, or with its time."""

    __slots__ = ("_closed", "_none", "_scopes", "_timeout")

    def __init__(self, scopes: set[Scope], none: asyncio.Event, within: float | None) -> None:
        self._scopes, self._none, self._closed = scopes, none, False
        self._timeout = asyncio.timeout(within)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._scopes.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._closed:
                raise ClientClosedError("The client was closed while this call was under way") from None
            raise
        finally:
            self._scopes.discard(self)
            if not self._scopes:
                self._none.set()

    def extend(self, seconds: float) -> None:
        """Let it take so many seconds from now on, unless it has ended."""
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + seconds)

    def close(self) -> None:
        """End what is done inside now."""
        if not self._timeout.expired():
            self._closed = True
            self._timeout.reschedule(asyncio.get_running_loop().time())
