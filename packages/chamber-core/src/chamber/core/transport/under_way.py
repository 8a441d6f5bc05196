"""What is under way in one event loop: so many calls at once, and none any more once the client is closed."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import TYPE_CHECKING

from chamber.core.errors import ClientClosedError, DeadlineExceeded

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from chamber.core.clock import Deadline

__all__ = ["Scope", "UnderWay"]

_AT_ONCE = 32
#: Seconds.
_CLOSED_WITHIN = 2.0
_CLOSED = "The client was closed while this call was under way"


class UnderWay:
    """The calls and waits of one client in one event loop."""

    def __init__(self) -> None:
        #: Whether the last exchange had an answer, so that there is a connection.
        self.has_answered = False
        self._free = _AT_ONCE
        self._waiting: deque[_Turn] = deque()
        self._scopes: set[Scope | _Turn] = set()
        self._none = asyncio.Event()
        #: When it is looked next whose time is over, by the clock of the loop: one timer serves all scopes.
        self._next_look = math.inf

    async def turn(self, deadline: Deadline) -> None:
        """Be one of the calls that are under way at once, until `end_turn`; others wait for one to end.

        Raises DeadlineExceeded: none ended in time.
        """
        if self._free:
            self._free -= 1
        else:
            await self._waited(deadline.remaining)

    def end_turn(self) -> None:
        """Let another call begin."""
        while self._waiting:
            if self._waiting.popleft().give():
                return
        self._free += 1

    def until_closed(self, within: float = math.inf) -> Scope:
        """What is done inside ends with the client, or after so many seconds.

        Raises ClientClosedError: the client was closed meanwhile. Raises TimeoutError: it took longer.
        """
        return Scope(self, asyncio.get_running_loop().time() + within)

    def enter(self, scope: Scope | _Turn) -> None:
        """Have `scope` end with the client, and at its time."""
        self._scopes.add(scope)
        self.look(scope.until)

    def leave(self, scope: Scope | _Turn) -> None:
        """It has ended."""
        self._scopes.discard(scope)
        if not self._scopes:
            self._none.set()

    def look(self, moment: float) -> None:
        """Look by that moment whose time is over."""
        if moment < self._next_look:
            self._next_look = moment
            asyncio.get_running_loop().call_at(moment, self._looked, moment)

    async def close(self) -> None:
        """End what is under way; wait for it for at most 2 seconds."""
        for scope in self._scopes:
            scope.end(closed=True)
        if self._scopes:
            self._none.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none.wait(), _CLOSED_WITHIN)

    async def _waited(self, within: float) -> None:
        turn = _Turn(asyncio.get_running_loop().time() + within)
        self._waiting.append(turn)
        self.enter(turn)
        try:
            await turn.come
        except TimeoutError:
            error = DeadlineExceeded(
                f"{_AT_ONCE} calls of this client are under way, and none ended within {round(within, 2):g} s: make "
                "fewer at once, or pass a longer timeout"
            )
            error.sent = False
            raise error from None
        except asyncio.CancelledError:
            if turn.has_come():
                self.end_turn()
            raise
        finally:
            self.leave(turn)

    def _looked(self, moment: float) -> None:
        if moment != self._next_look:
            return  # an earlier look has planned anew
        self._next_look = math.inf
        for scope in self._scopes:
            if scope.until <= moment:
                scope.end()
        self.look(min((scope.until for scope in self._scopes), default=math.inf))


class _Turn:
    """What waits to be one of the calls that are under way at once, until a moment of the loop's clock."""

    __slots__ = ("come", "until")

    def __init__(self, until: float) -> None:
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.until: float = until

    def give(self) -> bool:
        """Whether somebody still waits for it, who goes on."""
        if self.come.done():
            return False
        self.come.set_result(None)
        return True

    def has_come(self) -> bool:
        """Whether it was given, perhaps to somebody who was cancelled before going on."""
        return self.come.done() and not self.come.cancelled() and self.come.exception() is None

    def end(self, *, closed: bool = False) -> None:
        """Wait no longer."""
        self.until = math.inf
        if not self.come.done():
            self.come.set_exception(ClientClosedError(_CLOSED) if closed else TimeoutError())


class Scope:
    """What ends with its client, or with its time."""

    __slots__ = ("_closed", "_timeout", "_under_way", "until")

    def __init__(self, under_way: UnderWay, until: float) -> None:
        self._under_way, self._closed = under_way, False
        self._timeout = asyncio.Timeout(None)
        #: By the clock of the loop.
        self.until: float = until

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._under_way.enter(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._closed:
                raise ClientClosedError(_CLOSED) from None
            raise
        finally:
            self._under_way.leave(self)

    def extend(self, until: float) -> None:
        """Let it take until that moment."""
        self.until = until
        self._under_way.look(until)

    def end(self, *, closed: bool = False) -> None:
        """End what is done inside now."""
        self.until = math.inf
        if not self._timeout.expired():
            self._closed = closed
            self._timeout.reschedule(asyncio.get_running_loop().time())
