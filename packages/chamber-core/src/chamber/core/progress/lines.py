"""What a display shows: the latest message of each stage, and every warning."""

from __future__ import annotations

import time
from collections.abc import Iterator

from chamber.core.progress.steps import WARNING, Step

__all__ = ["Lines"]


class Lines:
    """The latest message of each stage, and every warning."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], Step] = {}
        self._began: dict[str, float] = {}

    def add(self, stage: str, message: str) -> None:
        """A warning has a line of its own, which stays; any other message takes the place of its stage's last one."""
        line = (stage, message if message.startswith(WARNING) else "")
        self._began.setdefault(stage, time.monotonic())
        self._messages.pop(line, None)
        self._messages[line] = message if isinstance(message, Step) else Step(message)

    def __iter__(self) -> Iterator[tuple[str, Step, bool, bool]]:
        """Stage, message, whether it is a warning, and whether it is the last line."""
        last = next(reversed(self._messages), None)
        for line, message in self._messages.items():
            yield line[0], message, bool(line[1]), line == last

    def elapsed(self, stage: str) -> float:
        """Seconds since the first message of a stage."""
        return time.monotonic() - self._began[stage]
