"""Moments: RFC 3339 text of fixed width, so that text sorts as time does."""

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock", "month", "now", "parse", "stamp"]

#: Tells the time, in UTC.
Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def month(moment: datetime) -> datetime:
    """When the calendar month of a moment began, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def stamp(moment: datetime) -> str:
    """``2024-01-15T10:30:00.000000Z``: RFC 3339, always with six digits and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """A moment from RFC 3339 or a bare date; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
