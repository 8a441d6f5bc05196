"""Keeps what signal handlers raise out of a loop that runs in the main thread: it could break off anywhere in it."""

from __future__ import annotations

import importlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["guarded"]

try:  # the same two functions, without enumerations: those take 10 µs of each call with Python 3.11
    _plain: Any = importlib.import_module("_signal")
except ImportError:
    _plain = signal

_NAMES = ("SIGALRM", "SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2")
#: Those that applications have handlers for, on this system.
_WATCHED = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
_HARMLESS = (int(signal.SIG_DFL), int(signal.SIG_IGN))


def guarded(drive: Callable[[], bool], let_go: Callable[[], object], notes: Sequence[str]) -> bool:
    """What `drive` returns; False where the application handles signals itself, so that it cannot be run here.

    In the main thread an interrupt does not end it: it has `drive` `let_go`, and is raised once that has returned, with
    the notes of the moment in which it came. A second one is raised wherever it comes.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return drive()
    if _plain.getsignal(signal.SIGINT) is not signal.default_int_handler or not _are_harmless():
        return False
    caught = _Caught(let_go, notes)
    try:
        _plain.signal(signal.SIGINT, caught)
    except ValueError:  # the main thread of an interpreter inside of another one
        return False
    try:
        driven = drive()
    finally:
        _plain.signal(signal.SIGINT, signal.default_int_handler)
    if caught.interrupt is not None:
        raise caught.interrupt
    return driven


class _Caught:
    """Takes the place of the handler of SIGINT, as that of `asyncio.Runner` does."""

    def __init__(self, let_go: Callable[[], object], notes: Sequence[str]) -> None:
        self.interrupt: KeyboardInterrupt | None = None
        self._let_go, self._notes = let_go, notes

    def __call__(self, _signal: int, _frame: Any) -> None:
        if self.interrupt is not None:
            raise KeyboardInterrupt
        self.interrupt = KeyboardInterrupt()
        for note in self._notes:
            self.interrupt.add_note(note)
        self._let_go()


def _are_harmless() -> bool:
    """Whether none of the watched signals has a handler in Python, which might raise."""
    for number in _WATCHED:  # noqa: SIM110  each call comes by here, and a generator takes longer
        if _plain.getsignal(number) not in _HARMLESS:
            return False
    return True
