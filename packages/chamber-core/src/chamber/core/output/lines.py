"""Lines from bytes that come in pieces."""

from __future__ import annotations

from collections.abc import Iterator

from chamber.core.models import LogLine

__all__ = ["Lines", "of_pod", "text_of"]

#: Bytes; what is longer is cut.
_LONGEST = 1 << 20


class Lines:
    """Puts lines together. A line is given out with its line break; what is behind the last one is `rest`."""

    def __init__(self) -> None:
        self.rest: bytes = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are whole by now."""
        *whole, rest = (self.rest + data).split(b"\n")
        self.rest = rest
        yield from (line + b"\n" for line in whole)
        if len(self.rest) >= _LONGEST:
            yield self.take()

    def take(self) -> bytes:
        """What has no line break, when none will come."""
        rest, self.rest = self.rest, b""
        return rest


def text_of(line: bytes) -> str:
    """A line as text, without its line break; bytes that are no UTF-8 are replaced."""
    return line.removesuffix(b"\n").decode(errors="replace")


def of_pod(text: str, pods: int) -> LogLine:
    """A line of a workload with so many pods; of several, each line begins with ``[number] ``."""
    number, bracket, rest = text.partition("] ")
    index = number.removeprefix("[")
    if pods < 2 or not bracket or not number.startswith("[") or not index.isdecimal() or int(index) >= pods:
        return LogLine(text)
    return LogLine(rest, index)
