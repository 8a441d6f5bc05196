"""What an engine prints, made fit to be shown: whole lines, no escape sequences, no secrets, not without end."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterable, Iterator

from rich.text import Text

from chamber.core.redaction import Secret, redacted

__all__ = ["Output"]

#: Characters that are shown of a line, and that are waited for the end of one.
_LONGEST_LINE = 2_000
_LONGEST_WAIT = 256 << 10
#: Characters that are searched for secrets of a long line, whose end is not shown.
_ENOUGH = 32 << 10
_MOST_LINES = 20_000
_TAIL_LINES = 30
#: What the classic builder says of the container of a step.
_RUNNING = "---> Running in "


class Output:
    """The output of one process. `secrets` are taken out of it, beside all that are known."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = tuple(secrets)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._shown = 0
        #: The container in which the last step runs or ran, where the engine names it.
        self.container: str | None = None

    @property
    def tail(self) -> str:
        """The last lines."""
        return "\n".join(self._tail)

    def feed(self, piece: bytes, *, last: bool = False) -> list[str]:
        """The lines that `piece` completes, to be shown; with `last` also the one that has no end."""
        text = self._begun + self._decoder.decode(piece, last)
        lines = text.replace("\r", "\n").split("\n")
        self._begun = "" if last or len(lines[-1]) > _LONGEST_WAIT else lines.pop()
        return list(self._shown_of(filter(None, map(self._clean, lines))))

    def _clean(self, line: str) -> str:
        clean = self._redacted(line[:_ENOUGH])
        if len(line) > _ENOUGH and len(clean) < _ENOUGH // 2:  # what is shown would end where it was cut
            clean = self._redacted(line)
        return clean[:_LONGEST_LINE]

    def _redacted(self, line: str) -> str:
        printable = line if line.isprintable() else _printable(line)
        return redacted(printable, *self._secrets).rstrip()

    def _shown_of(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._tail.append(line)
            if _RUNNING in line:
                self.container = line.partition(_RUNNING)[2]
            self._shown += 1
            if self._shown < _MOST_LINES:
                yield line
            elif self._shown == _MOST_LINES:
                yield "... more than this is not shown"


def _printable(line: str) -> str:
    """`line` without escape sequences, and with blanks for what else cannot be shown."""
    plain = Text.from_ansi(line).plain
    return "".join(mark if mark.isprintable() else " " for mark in plain)
