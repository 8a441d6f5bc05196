"""The times that Kubernetes puts before each line, and where to go on after a cut."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

__all__ = ["Place", "Resumed", "Stamp", "stamped"]


class Stamp(NamedTuple):
    """A moment in nanoseconds, which `datetime` has not."""

    second: datetime
    nanosecond: int

    @property
    def time(self) -> datetime:
        """In microseconds."""
        return self.second.replace(microsecond=self.nanosecond // 1000)


class Place(NamedTuple):
    """Behind so many lines of one moment."""

    stamp: Stamp
    lines: int = 1

    def behind(self, stamp: Stamp) -> Place:
        """Behind another line."""
        return Place(stamp, self.lines + 1 if stamp == self.stamp else 1)

    @property
    def since(self) -> str:
        """As ``sinceTime``, of which the API takes whole seconds alone: what came before it is told again."""
        return self.stamp.second.strftime("%Y-%m-%dT%H:%M:%SZ")


class Resumed:
    """Tells which lines of an output that is read again were there before."""

    def __init__(self, place: Place | None) -> None:
        self._last: Stamp | None = place.stamp if place else None
        self._same: int = place.lines if place else 0

    def knows(self, stamp: Stamp) -> bool:
        """Whether a line of that moment was. To be asked of each line, in their order."""
        if self._last is None or stamp > self._last or (stamp == self._last and self._same == 0):
            self._last = None
            return False
        self._same -= stamp == self._last
        return True


def stamped(line: str) -> tuple[Stamp | None, str]:
    """The moment before a line (RFC 3339 with up to nine digits of a second), and the line.

    None: there is no moment before it, as in what the node itself says.
    """
    moment, _, text = line.partition(" ")
    date, dot, rest = moment.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :]
    try:
        second = datetime.fromisoformat(f"{date}{zone}")
    except ValueError:
        return None, line
    if second.tzinfo is None or second.microsecond or (dot and not 0 < len(digits) <= _DIGITS):
        return None, line
    return Stamp(second.astimezone(UTC), int(digits.ljust(_DIGITS, "0"))), text


_DIGITS = 9
