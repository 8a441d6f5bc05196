"""What a job prints, on its way into its log: a number of bytes at most, and none of the secrets that it was given."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from chamber.core.redaction import Secret

__all__ = ["Output", "Stream"]

#: What is kept in memory of the output behind a full log, in bytes: reasons of failures quote the end of it.
_TAIL = 200_000
_LONGEST_LINE = 1 << 16
_MASK = b"***"
#: Characters; what is shorter may be part of any word.
_SHORTEST = 8
_FULL = "[chamber-local] this log is full: {limit} bytes of a job's output are kept (log_limit), and the job goes on\n"


class Output:
    """The log of one job, written by any number of streams in threads of their own; at most `limit` bytes and a line.

    `secrets` are replaced by ``***``, each line of them, from 8 characters on. A context manager.
    """

    def __init__(self, log: Path, limit: int, secrets: Iterable[Secret] = ()) -> None:
        self._log, self._limit, self._hidden = log, limit, _lines(secrets)
        self._file: int | None = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size
        self._behind: bytearray | None = None
        self._writing = threading.Lock()

    def stream(self, prefix: str = "") -> "Stream":
        """A way into the log, whose lines begin with `prefix`."""
        return Stream(self, self._hidden, prefix.encode())

    def append(self, data: bytes) -> None:
        """Writes what fits; the rest is gone, but for its end."""
        with self._writing:
            if self._behind is None and self._file is not None:
                data = self._write(data)
            if self._behind is not None:
                self._behind += data
                del self._behind[:-_TAIL]

    def end(self, size: int) -> bytes:
        """The last bytes that were printed, whether or not the log has them."""
        with self._writing:
            return self._end(size) if self._behind is None else bytes(self._behind[-size:])

    def close(self) -> None:
        """Writes no more."""
        with self._writing:
            if self._file is not None:
                os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, data: bytes) -> bytes:
        """What did not fit."""
        fits = max(0, self._limit - self._size)
        try:
            self._put(data[:fits])
            self._size += len(data[:fits])
            if len(data) > fits:
                self._behind = bytearray(self._end(_TAIL))
                line = _FULL.format(limit=self._limit).encode()
                self._put(line if self._behind.endswith(b"\n") or not self._behind else b"\n" + line)
        except OSError:  # the disk is full: the job goes on, as behind a full log
            self._behind = bytearray()
        return data[fits:]

    def _put(self, data: bytes) -> None:
        assert self._file is not None
        while data:
            data = data[os.write(self._file, data) :]

    def _end(self, size: int) -> bytes:
        with self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read()


class Stream:
    """What one process prints, in pieces that end anywhere."""

    def __init__(self, output: Output, hidden: tuple[bytes, ...], prefix: bytes) -> None:
        self._output, self._hidden, self._prefix = output, hidden, prefix
        self._held = b""

    def write(self, data: bytes) -> None:
        """Passes on what is sure: whole lines where they have a prefix, else all but the beginning of a secret."""
        data = self._held + data
        sure = self._lines(data) if self._prefix else len(data) - _begun(data, self._hidden)
        self._held = data[sure:]
        self._pass(data[:sure])

    def close(self) -> None:
        """Passes on what was held back."""
        self._pass(self._held)
        self._held = b""

    def _lines(self, data: bytes) -> int:
        return len(data) if len(data) > _LONGEST_LINE else data.rfind(b"\n") + 1

    def _pass(self, data: bytes) -> None:
        for value in self._hidden:
            data = data.replace(value, _MASK)
        if self._prefix:
            lines = data.removesuffix(b"\n").split(b"\n") if data else ()
            data = b"".join(b"%s%s\n" % (self._prefix, line) for line in lines)
        if data:
            self._output.append(data)


def _lines(secrets: Iterable[Secret]) -> tuple[bytes, ...]:
    lines = {line.strip() for secret in secrets for line in secret.reveal().splitlines()}
    known = (line.encode("utf-8", "surrogateescape") for line in lines if len(line) >= _SHORTEST)
    return tuple(sorted(known, key=len, reverse=True))


def _begun(data: bytes, hidden: Iterable[bytes]) -> int:
    """The length of the longest end of `data` that a hidden value may begin with."""
    lengths = (n for value in hidden for n in range(1, len(value)) if data.endswith(value[:n]))
    return max(lengths, default=0)
