"""A client's time in tests: its waits end as soon as there is something to see."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

from chamber.core.clock import Clock

__all__ = ["ClientClock"]

_LOOK = 0.002


class ClientClock(Clock):
    """A clock for clients of one Chamber, whose `sleep` passes at once in its own time.

    In real time a call's wait lasts until something has happened since the call's last wait: a workload has changed its
    status, or a fault was injected. Its first wait takes no time, nor does any where nothing can happen because every
    workload is over; and none lasts longer than was asked for. So polls, timeouts and the pauses between attempts are
    all counted in the client's seconds, and a test waits for what really happens alone.

    Where the Chamber's own time can be moved on, `advance` moves it by as much: a wait then takes no time at all, and a
    simulated job of two hours is over after as many polls as fit into it.

    `happened` is what has happened so far; None: nothing more will.
    """

    def __init__(self, happened: Callable[[], Hashable | None], advance: Callable[[float], None] | None = None) -> None:
        self._happened, self._advance = happened, advance
        self._slept = 0.0
        self._seen: WeakKeyDictionary[asyncio.Task[Any], Hashable | None] = WeakKeyDictionary()
        #: How far it is ahead of the Chamber's own time, in seconds.
        self.ahead: float = 0.0
        #: Every wait so far, in seconds.
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Seconds, of which those slept are counted in full."""
        return super().monotonic() + self._slept + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Moves on by so many seconds, and really waits for no more than something to happen."""
        self.sleeps.append(seconds)
        if self._advance is not None:
            await asyncio.to_thread(self._advance, seconds)
            self._slept += seconds
        else:
            await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        task, end = asyncio.current_task(), self.monotonic() + seconds
        assert task is not None
        now = await asyncio.to_thread(self._happened)
        while self.monotonic() < end and now is not None and now == self._seen.get(task):
            await super().sleep(min(_LOOK, end - self.monotonic()))
            now = await asyncio.to_thread(self._happened)
        self._seen[task] = now
        self.ahead += max(0.0, end - self.monotonic())
