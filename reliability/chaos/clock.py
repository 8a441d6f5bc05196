"""A clock for each caller of one client: it moves only when that caller waits."""

from __future__ import annotations

import contextvars
from datetime import datetime, timedelta

from chamber.core.clock import Clock

__all__ = ["CallersClock"]

_waited: contextvars.ContextVar[list[float]] = contextvars.ContextVar("waited")


class CallersClock(Clock):
    """Time as each caller sees it: the moment the storm began, and the seconds that this caller waited since."""

    def __init__(self, began: datetime) -> None:
        self._began = began

    def arrive(self) -> None:
        """Begin to count for the present thread or task, and for the calls that it makes."""
        _waited.set([0.0])

    def monotonic(self) -> float:
        """Seconds waited so far."""
        return _waited.get()[0]

    def now(self) -> datetime:
        """The time of day."""
        return self._began + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, at once."""
        _waited.get()[0] += seconds
