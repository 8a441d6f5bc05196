"""Time as the client sees it, so that tests can hand it another."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

__all__ = ["Clock", "Contact", "Deadline"]


class Clock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)


class Deadline:
    """The moment at which a whole call has to be over."""

    __slots__ = ("_clock", "_end", "_start")

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self._end = None if seconds is None else self._start + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.monotonic() - self._start

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0; infinity where there is no deadline."""
        return float("inf") if self._end is None else max(0.0, self._end - self._clock.monotonic())

    def left(self) -> float | None:
        """Seconds left as the timeout of a call: never 0, None where there is no deadline."""
        return None if self._end is None else max(0.001, self.remaining)


class Contact:
    """When a wait last had an answer: an API that stays away for too long is not waited for."""

    __slots__ = ("_clock", "_last", "_longest")

    def __init__(self, clock: Clock, longest: float) -> None:
        self._clock = clock
        self._longest = longest
        self._last = clock.monotonic()

    def made(self) -> None:
        """There was an answer."""
        self._last = self._clock.monotonic()

    @property
    def is_lost(self) -> bool:
        """Whether there was none for longer than is waited for."""
        return self._clock.monotonic() - self._last > self._longest
