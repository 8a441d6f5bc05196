"""A client's time in tests: its waits end as soon as there is something to see."""

import asyncio
from collections.abc import Callable

from chamber.core.clock import Clock
from chamber.local.storage.progress import Progress

__all__ = ["VirtualClock"]

_LOOK = 0.002


class VirtualClock(Clock):
    """A clock for clients of one Chamber, whose `sleep` passes at once in its own time.

    In real time a wait lasts until a workload of that Chamber changes its status; no time at all when every workload
    is over; and never longer than was asked for. So polls, timeouts and the pauses between attempts are all counted in
    the client's seconds, and a test waits for what really happens alone.
    """

    def __init__(self, progress: Callable[[], Progress]) -> None:
        self._progress = progress
        self._ahead = 0.0
        #: Every wait so far, in seconds.
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Seconds, of which those slept are counted in full."""
        return super().monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Moves on by so many seconds, and really waits for no more than something to happen."""
        self.sleeps.append(seconds)
        end = self.monotonic() + seconds
        before = await self._look()
        while self.monotonic() < end and before.unfinished:
            await super().sleep(min(_LOOK, end - self.monotonic()))
            if (await self._look()).changes != before.changes:
                break
        self._ahead += max(0.0, end - self.monotonic())

    async def _look(self) -> Progress:
        return await asyncio.to_thread(self._progress)
