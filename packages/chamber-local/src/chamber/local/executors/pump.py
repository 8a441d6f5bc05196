"""From a pipe into a stream, in a thread."""

import contextlib
import os
import select
import threading

from chamber.local.executors.output import Stream

__all__ = ["Pump"]

_CHUNK = 1 << 16
#: What is still read when the process has ended: a pipe holds no more, however much others go on writing to it.
_LEFT = 1 << 20


class Pump:
    """Copies until the pipe's other end is closed, or until it is told that nothing more counts."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._reading, writing = os.pipe()
        #: The end that a process prints into.
        self.writing: int = writing
        self._over, self._tell = os.pipe()
        self._thread = threading.Thread(target=self._copy, name="chamber-local-output", daemon=True)

    def start(self) -> None:
        """Has the pipe's end that is written to closed here: a process has it by now."""
        os.close(self.writing)
        self._thread.start()

    def finish(self) -> None:
        """Copies what is in the pipe, and no more; returns when that is done."""
        with contextlib.suppress(BrokenPipeError):  # it has seen the end by itself
            os.write(self._tell, b".")
        self._thread.join()
        os.close(self._tell)

    def abandon(self) -> None:
        """Closes everything: no process was started."""
        for descriptor in (self._reading, self.writing, self._over, self._tell):
            os.close(descriptor)

    def _copy(self) -> None:
        try:
            self._copy_until_told()
        finally:
            self._stream.close()
            os.close(self._reading)
            os.close(self._over)

    def _copy_until_told(self) -> None:
        looking = select.poll()
        looking.register(self._reading, select.POLLIN)
        looking.register(self._over, select.POLLIN)
        while self._over not in dict(looking.poll()):
            if not self._read():
                return
        os.set_blocking(self._reading, False)
        left = _LEFT
        while left > 0 and (read := self._read()):
            left -= read

    def _read(self) -> int:
        try:
            data = os.read(self._reading, _CHUNK)
        except BlockingIOError:
            return 0
        self._stream.write(data)
        return len(data)
