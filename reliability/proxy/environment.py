"""Faults around the process: what the system, the clock and the user do to it.

Of `AROUND` each is a context manager, for a process of its own (see `reliability.proxy.child`); what is called inside
is befallen. Those of `STRUCK` end a program while its submission is in flight: they are given its process.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from chamber.core import settings
from chamber.core.clock import Clock
from reliability.proxy.child import in_child
from reliability.proxy.kinds import Kind

__all__ = ["AROUND", "ENVIRONMENT", "FLAP", "STRUCK"]

_NOBODY = 65534


@contextlib.contextmanager
def _no_descriptor() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_highest() + 1, hard))
    taken: list[int] = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _highest() -> int:
    """The highest descriptor of this process."""
    return max(int(file.name) for file in Path("/proc/self/fd").iterdir())


@contextlib.contextmanager
def _full_disk() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextlib.contextmanager
def _read_only_home() -> Iterator[None]:
    """Whoever is root stops being it: modes bind everybody else."""
    folder = settings.home()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    yield


@contextlib.contextmanager
def _no_home() -> Iterator[None]:
    shutil.rmtree(settings.home(), ignore_errors=True)
    Path(settings.home()).write_text("a file where the folder was")
    yield


@contextlib.contextmanager
def _forked() -> Iterator[None]:
    in_child(lambda: None)
    yield


@contextlib.contextmanager
def _no_thread() -> Iterator[None]:
    """The system gives no more threads, from the first that is asked for."""

    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    with mock.patch.object(threading.Thread, "start", refused):
        yield


def _clock(*, jump: float = 0.0, wrong: float = 0.0) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """The time of day is `wrong` by so many seconds, and jumps by so many after it was first asked for."""

    @contextlib.contextmanager
    def fault() -> Iterator[None]:
        told, asked = Clock.now, list[Clock]()

        def now(self: Clock) -> datetime:
            asked.append(self)
            return told(self) + timedelta(seconds=wrong + (jump if len(asked) > 1 else 0.0))

        with mock.patch.object(Clock, "now", now):
            yield

    return fault


def _kind(name: str, does: str, fault: Callable[..., Any], read: str = "result", submit: str = "once") -> Kind:
    return Kind(name, "environment", does, read, submit, fault)


_HOUR = 3600.0
_NOT_SENT = "TransportError"

AROUND = [
    _kind("emfile", "no descriptor is left", _no_descriptor, _NOT_SENT, _NOT_SENT),
    _kind("disk_full", "nothing can be written to any file", _full_disk),
    _kind("home_read_only", "the folder of Chamber's files is read-only", _read_only_home),
    _kind("home_is_a_file", "a file is where the folder of Chamber's files was", _no_home),
    _kind("fork", "the process forks between two calls", _forked),
    _kind("no_thread", "no thread can be started", _no_thread),
    _kind("clock_forward", "the clock is set an hour ahead while a call is under way", _clock(jump=_HOUR)),
    _kind("clock_back", "the clock is set an hour back while a call is under way", _clock(jump=-_HOUR)),
    _kind("clock_ahead", "the clock is an hour ahead of the server's", _clock(wrong=_HOUR)),
    _kind("clock_behind", "the clock is an hour behind the server's", _clock(wrong=-_HOUR)),
]


def _signal(number: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    return lambda program: program.send_signal(number)


def _leave(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()


_KEPT = "in the journal, and found"

STRUCK = [
    _kind("interrupt", "Ctrl-C while the answer is awaited", _signal(signal.SIGINT), "KeyboardInterrupt", _KEPT),
    _kind("exit_in_flight", "the interpreter exits while the answer is awaited", _leave, "ended", _KEPT),
    _kind("kill_in_flight", "kill -9 while the answer is awaited", _signal(signal.SIGKILL), "ended", _KEPT),
]

FLAP = _kind("flap", "the network goes away under a wait, and comes back", contextlib.nullcontext)
LOOP_CLOSED = _kind("loop_closed", "the event loop of the calls before was closed", contextlib.nullcontext)

ENVIRONMENT = [*AROUND, *STRUCK, FLAP, LOOP_CLOSED]
