"""A clock for each caller of one client: it moves only when that caller waits."""

from __future__ import annotations

import contextvars
from datetime import datetime, timedelta

from chamber.core.clock import Clock

__all__ = ["CallersClock", "arrive"]

_waited: contextvars.ContextVar[list[float]] = contextvars.ContextVar("waited")


def arrive() -> None:
    """Begin to count the waits of the present thread or task, and of the calls that it makes."""
    _waited.set([0.0])


class CallersClock(Clock):
    """Time as each caller sees it: the moment the storm began, and the seconds that this caller waited since."""

    def __init__(self, began: datetime) -> None:
        self._began = began

    def monotonic(self) -> float:
        """Seconds waited so far."""
        return _waited.get()[0]

    def now(self) -> datetime:
        """The time of day."""
        return self._began + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, at once."""
        _waited.get()[0] += seconds
