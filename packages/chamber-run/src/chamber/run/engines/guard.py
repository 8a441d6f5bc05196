"""Sees to it that a process of an engine ends: when it is no longer wanted, and when the program itself ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from chamber.run.engines import descendants

__all__ = ["Ending", "Guard"]

#: Seconds: between two looks at a process that should end, until it is told more plainly, and for cleaning up, which
#: waits for the locks of the engine's storage.
_LOOK = 0.02
_TO_TERMINATE = 0.5
_TO_CLEAN_UP = 15.0
_REMOVAL_SECONDS = 10.0
#: Seconds between two looks whether the program goes on.
_PULSE = 0.1


class Ending(Struct, frozen=True, kw_only=True):
    """How a process is ended that did not end by itself."""

    #: Seconds within which it may start something, which is ended, so that it ends too; 0: it is ended at once.
    patience: float = 0.0
    #: A command for what it may have left, asked for when it has ended; None: nothing.
    removal: Callable[[], Sequence[str] | None] = lambda: None


class Guard:
    """A thread beside a process. The interpreter waits for it at its end, and neither a second interrupt nor a loop
    that has stopped keeps it from its work."""

    def __init__(self, pid: int, environment: Mapping[str, str], ending: Ending) -> None:
        self._pid = pid
        self._environment = environment
        self._ending = ending
        self._woken = threading.Event()
        self._is_over = False
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def begin(self) -> None:
        """Watch from now on."""
        try:
            threading.Thread(target=self._watch, name="chamber-build", daemon=False).start()
        except RuntimeError:  # the interpreter is exiting, and has no thread to give
            self.wake()
            self._watch()

    def dismiss(self) -> None:
        """The process has ended by itself."""
        self._is_over = True
        self.wake()

    def wake(self) -> None:
        """Have the process ended, and do not wait for it."""
        self._woken.set()

    async def end(self) -> None:
        """Have the process ended, with all that it started."""
        self.wake()
        await self._ended.wait()

    def _watch(self) -> None:
        while not self._woken.wait(_PULSE) and threading.main_thread().is_alive():
            pass
        if not self._is_over:
            _end(self._pid, self._environment, self._ending)
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._ended.set)


def _end(pid: int, environment: Mapping[str, str], ending: Ending) -> None:
    """End a process, its group and what it started.

    Podman runs a container in a session of its own and leaves it alone when it is killed; when the container is
    killed first, podman takes away what belongs to it, and ends.
    """
    seen = descendants.outside_group(pid)
    if not (ending.patience and _ended_by_itself(pid, ending.patience)):
        _signal(pid, signal.SIGTERM)
        _wait(pid, _TO_TERMINATE)
        seen |= descendants.outside_group(pid)
        _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    for child in seen:
        descendants.kill(child)
    if command := ending.removal():
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, env=environment, capture_output=True, check=False, timeout=_REMOVAL_SECONDS)


def _ended_by_itself(pid: int, patience: float) -> bool:
    """Whether the process ends in time while each that it starts is ended; after that it has longer to clean up."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for child in descendants.outside_group(pid):
            descendants.kill(child)
            deadline = time.monotonic() + _TO_CLEAN_UP
        if _wait(pid, _LOOK):
            return True
    return False


def _wait(pid: int, seconds: float) -> bool:
    """Whether the process ends within that time; the event loop asks after it."""
    deadline = time.monotonic() + seconds
    while descendants.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(_LOOK / 2)
    return not descendants.is_alive(pid)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
