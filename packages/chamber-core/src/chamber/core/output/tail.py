"""The last lines of each pod."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from chamber.core.models import LogLine

__all__ = ["Tail"]


class Tail:
    """Keeps so many lines of each pod."""

    def __init__(self, most: int) -> None:
        self._kept: defaultdict[str | None, deque[tuple[int, LogLine]]] = defaultdict(lambda: deque(maxlen=most))
        self._number = 0

    def add(self, line: LogLine) -> None:
        """Another line."""
        self._number += 1
        self._kept[line.pod].append((self._number, line))

    def __iter__(self) -> Iterator[LogLine]:
        """What was kept, in the order in which it came."""
        every = [numbered for kept in self._kept.values() for numbered in kept]
        return (line for _, line in sorted(every, key=lambda numbered: numbered[0]))
