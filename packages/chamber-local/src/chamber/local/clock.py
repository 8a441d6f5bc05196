"""Moments: RFC 3339 text of fixed width, so that text sorts as time does; and time that can be moved on."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from chamber.core.errors import ConfigurationError

__all__ = ["Clock", "VirtualClock", "month", "now", "parse", "stamp"]

#: Tells the time, in UTC.
Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """``2024-01-15T10:30:00.000000Z``: RFC 3339, always with six digits and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def month(moment: datetime) -> datetime:
    """When the calendar month of a moment began, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def parse(text: str) -> datetime:
    """A moment from RFC 3339 or a bare date; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class VirtualClock:
    """Time that passes by itself, and that can be moved on. Its coroutines belong to one loop.

    Moving on goes from one moment that somebody waits for to the next, and lets everything that follows from one
    happen before the next: the same in every run.
    """

    def __init__(self, wall: Clock = now) -> None:
        self._wall, self._ahead = wall, timedelta()
        self._held: datetime | None = None
        self._waiting: list[tuple[datetime, int, asyncio.Event]] = []
        self._numbers = itertools.count()
        self._moving = asyncio.Lock()

    def __call__(self) -> datetime:
        """The time, in UTC. It stands still while it is being moved on."""
        return self._held or self._wall() + self._ahead

    @property
    def sleepers(self) -> int:
        """How many wait for a moment and have not been woken."""
        return sum(not awake.is_set() for _, _, awake in self._waiting)

    async def wait_until(self, moment: datetime, glance: float) -> None:
        """Waits for a moment; returns earlier after `glance` seconds, and when time was moved on."""
        due = (moment, next(self._numbers), asyncio.Event())
        heapq.heappush(self._waiting, due)
        seconds = min(glance, (moment - self()).total_seconds())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._held else max(0.0, seconds)):
                    await due[2].wait()
        finally:
            self._waiting.remove(due)
            heapq.heapify(self._waiting)

    async def advance(self, seconds: float, settled: Callable[[], Awaitable[None]]) -> None:
        """Moves time on. `settled` returns when what was due has happened, and all that followed from it."""
        if not 0 <= seconds < 1e9:
            raise ConfigurationError(f"time can be moved on by 0 to 1e9 seconds, not by {seconds!r}")
        async with self._moving:
            await settled()
            self._held = self()
            until = self._held + timedelta(seconds=seconds)
            try:
                await self._move(until, settled)
            finally:
                self._ahead = until - self._wall()
                self._held = None
                self._wake_all()

    async def _move(self, until: datetime, settled: Callable[[], Awaitable[None]]) -> None:
        while self._waiting and self._waiting[0][0] <= until:
            self._held = max(self(), self._waiting[0][0])
            self._waiting[0][2].set()
            await settled()
        self._held = until
        self._wake_all()
        await settled()

    def _wake_all(self) -> None:
        for _, _, awake in self._waiting:
            awake.set()
