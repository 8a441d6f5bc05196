"""The one event loop of the process: its daemon thread, the callers that drive it, its end, and the fork."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from chamber.core.errors import TransportError
from chamber.core.portal.interrupts import guarded
from chamber.core.portal.loops import new_loop
from chamber.core.portal.wheel import Wheel

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from chamber.core.portal.waiting import Call, Caller

__all__ = ["Portal", "current", "ended_early"]

#: Seconds.
_STOP_WITHIN = 2.0
#: Seconds without a call after which the daemon drives the idle loop.
_MOMENT = 0.1


class Portal:
    """The loop and its daemon thread, started with the first call."""

    def __init__(self) -> None:
        self._wheel = Wheel()
        self._lock = threading.RLock()
        self._turn = threading.Condition(self._lock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_over = False
        #: Whether the results of calls are no longer told: daemon threads that wait for them end with the process.
        self._is_silent = False

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop; None when it was stopped, or it is too late to start one."""
        if self._loop is None:
            with self._lock:
                if self._loop is None:
                    self._start()
        return self._loop if self.is_running() else None

    def is_here(self) -> bool:
        """Whether this thread drives the loop, and would wait for itself."""
        here, daemon = threading.get_ident(), self._thread
        return here == self._wheel.driver or (daemon is not None and here == daemon.ident)

    def is_running(self) -> bool:
        """Whether calls can be made."""
        return self._loop is not None and not self._wheel.is_stopped and not sys.is_finalizing()

    def run(self, call: Call[Any], loop: asyncio.AbstractEventLoop) -> None:
        """Do a call, in this thread if it is alone; or hand it over. Its caller is told when it is done.

        Raises KeyboardInterrupt: it came while this thread drove the loop. The daemon goes on with the call.
        """
        if self._can_drive(loop):
            drive, let_go = functools.partial(self._drive, call, loop), functools.partial(self._let_go, loop)
            if guarded(drive, let_go, call.caller.notes):
                return
        with self._lock:
            if not self._wheel.hand_over():
                call.cancel()
                raise ended_early()
            loop.call_soon_threadsafe(self._begin, call, loop)
            self._turn.notify()

    @contextlib.contextmanager
    def reading_ahead(self) -> Generator[None, None, None]:
        """Have the daemon drive meanwhile: a listing goes on between its calls."""
        with self._lock:
            self._wheel.open_listing()
        try:
            yield
        finally:
            if self is _portal:  # else it was ended, or is the parent process's
                with self._lock:
                    self._wheel.close_listing()

    def stop(self) -> None:
        """Cancel what is under way, close the connections and stop; never waits longer than 2 seconds."""
        if self._loop is not None and self._thread is not None:
            self._is_silent = True
            self._end(self._loop)
            self._thread.join(_STOP_WITHIN)

    def _start(self) -> None:
        try:
            loop = new_loop()
        except OSError as error:
            raise _no_loop(error) from error
        thread = threading.Thread(target=self._serve, args=(loop,), name="chamber-portal", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python 3.12 refuses as soon as the main thread has ended
            loop.close()
        else:
            self._loop, self._thread = loop, thread

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """The daemon."""
        while not self._is_over:
            self._wait_for_turn()
            with contextlib.suppress(KeyboardInterrupt, SystemExit):  # of a coroutine, and told to its caller
                loop.run_forever()
            with self._lock:
                self._wheel.leave()
        if not self._is_silent:
            loop.close()

    def _wait_for_turn(self) -> None:
        with self._lock:
            idle = False
            while not self._wheel.take_over(idle=idle):
                turns = self._wheel.turns
                idle = not self._turn.wait(_MOMENT) and turns == self._wheel.turns

    def _can_drive(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this thread may: not inside a loop of its own, and not uvloop's, which sets up signals for itself."""
        if self._wheel.driver is not None or self._wheel.is_wanted or not isinstance(loop, asyncio.SelectorEventLoop):
            return False
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False

    def _drive(self, call: Call[Any], loop: asyncio.AbstractEventLoop) -> bool:
        """Drive the loop until the call is done, or it is better left to the daemon. False: it is not alone."""
        with self._lock:
            if not self._wheel.take(threading.get_ident()):
                return False
        try:
            task = call.begin_alone(loop)
            while not (task.done() or self._wheel.is_called_off or call.caller.jobs.qsize()):
                loop.run_forever()
        except BaseException:  # what it broke off may be lost to the loop
            self._abandon(loop)
            raise
        finally:
            self._leave(call)
        return True

    def _leave(self, call: Call[Any]) -> None:
        unfinished = call.task is not None and not call.task.done()
        if call.task is not None and unfinished:
            call.task.add_done_callback(functools.partial(self._ended, call.caller))
        elif call.task is not None:
            call.caller.jobs.put(call.task)
        with self._lock:
            self._wheel.leave(unfinished=unfinished)
            if self._wheel.is_wanted:
                self._turn.notify()

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wheel.is_called_off = True
        loop.call_soon_threadsafe(loop.stop)

    def _begin(self, call: Call[Any], loop: asyncio.AbstractEventLoop) -> None:
        call.begin(loop).add_done_callback(functools.partial(self._ended, call.caller))
        if self._wheel.is_called_off:
            loop.stop()

    def _ended(self, caller: Caller, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # it is told to whoever still waits for it, and not to the log
        with self._lock:
            hands_back = self._wheel.end()
        if hands_back:
            task.get_loop().stop()
        if not self._is_silent:
            caller.jobs.put(task)

    def _abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have later calls use another loop; what is under way in this one is ended."""
        if _portal is self:
            _replaced()
        self._end(loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self._wheel.stop()
            self._turn.notify()
        others = asyncio.all_tasks(loop)
        loop.call_soon_threadsafe(lambda: loop.create_task(self._drain(others)))
        loop.call_soon_threadsafe(loop.stop)

    async def _drain(self, others: Iterable[asyncio.Task[Any]]) -> None:
        loop = asyncio.get_running_loop()
        under_way = {*others, *asyncio.all_tasks(loop)} - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        try:
            await asyncio.wait(under_way, timeout=_STOP_WITHIN / 2) if under_way else None
            await loop.shutdown_asyncgens()
        finally:
            self._is_over = True
            loop.call_soon(loop.stop)


def current() -> Portal:
    """The one of this process."""
    return _portal


def ended_early() -> TransportError:
    """What is raised by a call whose loop was ended."""
    return TransportError("The event loop of this process was ended while this call needed it: try again")


def _no_loop(error: OSError) -> TransportError:
    raised = TransportError(f"No event loop could be made ({error.strerror}): end what this process no longer needs")
    raised.sent = False
    return raised


def _restart() -> None:
    """In a forked child the thread is gone and the loop is the parent's, and never to be closed here: begin anew."""
    _inherited.append(_replaced())


def _replaced() -> Portal:
    """The one that later calls do not use any more."""
    global _portal
    before, _portal = _portal, Portal()
    return before


def _stop() -> None:
    """At interpreter exit. Functions that the application registered earlier run later, and may still call."""
    _portal.stop()


_inherited: list[Portal] = []
_portal = Portal()
atexit.register(_stop)
os.register_at_fork(after_in_child=_restart)
