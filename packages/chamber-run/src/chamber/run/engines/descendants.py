"""The processes that a process has started, as Linux tells of them in /proc (proc_pid_stat(5))."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

__all__ = ["Process", "is_alive", "kill", "outside_group"]

_PROC = Path("/proc")


class Process(Struct, frozen=True):
    """A process; `started` tells it from a later one of the same id."""

    pid: int
    parent: int
    group: int
    started: int
    #: Whether it has ended, and its parent has not asked after it.
    is_dead: bool = False


def outside_group(leader: int) -> set[Process]:
    """The descendants of `leader` that a signal to its process group would not reach. Empty but on Linux."""
    known = list(_all())
    family = {leader}
    while more := {process.pid for process in known if process.parent in family} - family:
        family |= more
    return {process for process in known if process.pid in family and process.group != leader and not process.is_dead}


def is_alive(pid: int) -> bool:
    """Whether a process of ours runs; one that has ended and was not asked after yet does not."""
    if (process := _read(pid)) is not None:
        return not process.is_dead
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def kill(process: Process) -> None:
    """End a process at once, if it is still the one that was seen."""
    now = _read(process.pid)
    if now is not None and now.started == process.started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGKILL)


def _all() -> Iterator[Process]:
    try:
        names = [entry.name for entry in _PROC.iterdir()]
    except OSError:
        return
    for name in names:
        if name.isdecimal() and (process := _read(int(name))):
            yield process


def _read(pid: int) -> Process | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()  # the name in front may hold anything
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[19]), fields[0] in {b"Z", b"X"})
