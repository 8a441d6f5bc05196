"""The background event loop behind every blocking client.

One daemon thread runs one loop for the whole process: in a script, in threads, inside a running loop or a
notebook, after a fork, and at interpreter exit. A blocking call hands its coroutine over and, until that is
done, runs in its own thread whatever the coroutine asks it to (`in_caller`).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import importlib
import logging
import os
import queue
import sys
import threading
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from chamber.core.errors import ClientClosedError, TransportError
from chamber.core.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

__all__ = ["Rest", "call", "each", "follow", "in_caller", "is_followed", "noted", "work"]

T = TypeVar("T")

#: Seconds.
_STOP_WITHIN = 2.0
_LOOK = 0.01

_Job = tuple["asyncio.Future[Any]", "Callable[..., Any]", tuple[Any, ...]]
_caller: contextvars.ContextVar[_Handed[Any] | None]
_caller = contextvars.ContextVar("chamber_caller", default=None)


class _Following:
    """How many items can be had without waiting."""

    count = 0


_following: contextvars.ContextVar[_Following | None]
_following = contextvars.ContextVar("chamber_following", default=None)


class Rest(list[Any]):
    """Items that a listing hands out in one piece, in place of the next: to who sends it this class, and may do so."""


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for its result.

    An interrupt of the waiting thread cancels the coroutine.

    Raises ClientClosedError: called from the background loop itself, which would wait for itself for ever.
    """
    portal = _portal
    if sys.is_finalizing():
        coroutine.close()
        raise ClientClosedError("The interpreter is exiting: call the client before that, or in an atexit function")
    if portal.is_here():
        coroutine.close()
        raise ClientClosedError(
            "A blocking client was called from the background loop, for example from a hook that runs there: "
            "use AsyncChamberClient in coroutines"
        )
    if (loop := portal.loop()) is None:
        return _run_here(coroutine)
    handed: _Handed[T] = _Handed(portal)
    loop.call_soon_threadsafe(handed.begin, coroutine, loop)
    try:
        while (job := handed.jobs.get()) is not None:
            work(*job)
    except BaseException as interrupt:
        for note in handed.notes:
            interrupt.add_note(note)
        loop.call_soon_threadsafe(handed.cancel)
        raise
    return handed.result()


def each(items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """The items of an asynchronous generator, in one blocking call those that come without waiting (`follow`).

    It is closed when the consumer stops.
    """
    portal = _portal
    if portal.loop() is None:
        yield from _run_here(_all(items))
        return
    try:
        error: Exception | None = None
        while error is None:
            taken, error = call(_next(items))
            yield from taken
        if not isinstance(error, StopAsyncIteration):
            raise error
    finally:
        if portal is _portal and portal.is_running():  # else it was ended, or is the parent process's
            _finish(items)


def follow(count: int) -> None:
    """Say, before one item of a listing is handed out, how many others can be had at once after it."""
    following = _following.get()
    if following is not None:
        following.count = count


def is_followed() -> bool:
    """Whether anybody wants to hear that (`follow`)."""
    return _following.get() is not None


async def in_caller(function: Callable[..., T], *arguments: Any) -> T:
    """Run `function` in the thread that made the blocking call; on the async face right here."""
    caller = _caller.get()
    if caller is None:
        return function(*arguments)
    result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    caller.jobs.put((result, function, arguments))
    return await result


def work(result: asyncio.Future[T], function: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    """Call `function` in this thread, and have the loop of `result` put in what came of it."""
    loop = result.get_loop()
    with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
        try:
            value = function(*arguments)
        except Exception as error:
            loop.call_soon_threadsafe(_settle, result, None, error)
        else:
            loop.call_soon_threadsafe(_settle, result, value, None)


async def _next(items: AsyncGenerator[T, None]) -> tuple[list[T], Exception | None]:
    """The next item and those that follow it at once, and what came instead of another one.

    Asked for in the loop, so that the loop knows the generator and ends it with itself.
    """
    following = _Following()
    _following.set(following)
    taken: list[T] = []
    steps: AsyncGenerator[Any, Any] = items
    try:
        taken.append(await anext(items))
        while following.count:
            following.count = 0
            given = await steps.asend(Rest)  # what does not know it takes no notice
            taken.extend(given if isinstance(given, Rest) else [given])
    except Exception as error:
        return taken, error
    return taken, None


async def _all(items: AsyncGenerator[T, None]) -> list[T]:
    return [item async for item in items]


def _run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the thread that calls: the interpreter is exiting, and no other can be started."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(coroutine)


class _Handed(Generic[T]):
    """A coroutine in the loop that another thread waits for. What is begun in there may know it for long."""

    def __init__(self, portal: _Portal) -> None:
        self._portal = portal
        #: What the thread that waits has to do; None: nothing more, it has ended.
        self.jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        #: What an interrupt of that thread is to carry.
        self.notes: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._ended: tuple[T | None, BaseException | None] = None, None

    def begin(self, coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> None:
        """Have the loop run it."""
        self._task = loop.create_task(self._run(coroutine))

    def cancel(self) -> None:
        """End it, if it has not ended."""
        if self._task is not None:
            self._task.cancel()

    def result(self) -> T:
        """What it returned, or raises what it raised; once."""
        (result, error), self._ended = self._ended, (None, None)
        try:
            if error is not None:
                raise error
            return cast("T", result)
        finally:
            del error  # it would keep this frame, and this frame it

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> None:
        _caller.set(self)
        try:
            self._ended = await coroutine, None
        except BaseException as error:
            self._ended = None, error
        self._task = None  # its context keeps this
        if not self._portal.is_stopping:
            self.jobs.put(None)


@contextlib.contextmanager
def noted(note: str) -> Generator[None, None, None]:
    """Have an interrupt of the blocking call that comes while this is under way carry a note."""
    caller = _caller.get()
    notes = [] if caller is None else caller.notes
    notes.append(note)
    try:
        yield
    finally:
        notes.remove(note)


def _finish(items: AsyncGenerator[Any, None]) -> None:
    if not _portal.is_here():
        call(_closed(items))
        return
    closing = asyncio.ensure_future(_closed(items))  # the garbage collector happened to run here
    _closing_listings.add(closing)
    closing.add_done_callback(_closing_listings.discard)


async def _closed(items: AsyncGenerator[Any, None]) -> None:
    while getattr(items, "ag_running", False):  # noqa: ASYNC110  an interrupt has cancelled its last step, which is still ending
        await asyncio.sleep(_LOOK)
    await items.aclose()


def _settle(result: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if result.done():
        return
    if isinstance(error, StopIteration):
        error = RuntimeError("a function called by the client raised StopIteration")
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(value)


class _Portal:
    """The loop and its thread, started with the first call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        #: Whether the results of calls are no longer told: daemon threads that wait for them end with the process.
        self.is_stopping = False

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The running loop; None when it was stopped, or it is too late to start one."""
        with self._lock:
            if self._loop is None:
                self._start()
            return self._loop if self.is_running() else None

    def is_here(self) -> bool:
        """Whether this is the portal's own thread."""
        return threading.current_thread() is self._thread

    def is_running(self) -> bool:
        """Whether calls can be handed over."""
        return self._loop is not None and not self.is_stopping and not sys.is_finalizing()

    def stop(self) -> None:
        """Cancel what is under way, close the connections and stop; never waits longer than 2 seconds."""
        if self._loop is None or self._thread is None:
            return
        self.is_stopping = True
        asyncio.run_coroutine_threadsafe(_drain(), self._loop)
        self._thread.join(_STOP_WITHIN)

    def _start(self) -> None:
        try:
            loop = _new_loop()
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
        while not self.is_stopping:
            with contextlib.suppress(KeyboardInterrupt, SystemExit):  # of a coroutine, and told to its caller
                loop.run_forever()


def _no_loop(error: OSError) -> TransportError:
    raised = TransportError(f"No event loop could be made ({error.strerror}): end what this process no longer needs")
    raised.sent = False
    return raised


async def _drain() -> None:
    loop = asyncio.get_running_loop()
    others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    try:
        await asyncio.wait(others, timeout=_STOP_WITHIN / 2) if others else None
        await loop.shutdown_asyncgens()
    finally:
        loop.call_soon(loop.stop)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        maker = importlib.import_module("uvloop")
    except (ImportError, RuntimeError):  # the latter while the interpreter exits: too late for its thread pool
        maker = asyncio
    loop: asyncio.AbstractEventLoop = maker.new_event_loop()
    loop.set_exception_handler(_note)
    return loop


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for is told to those who listen for it, such as a client that was never closed."""
    if _log.isEnabledFor(logging.DEBUG):
        error = context.get("exception")
        _log.debug("%s", redacted("\n".join([context["message"], *(format_exception(error) if error else ())])))


def _restart() -> None:
    """In a forked child the thread is gone and the loop is the parent's: begin anew."""
    global _portal  # noqa: PLW0603  one portal a process, and this is another process
    _inherited.append(_portal)
    _portal = _Portal()


def _stop() -> None:
    """At interpreter exit. Functions that the application registered earlier run later, and may still call."""
    _portal.stop()


_log = logging.getLogger(__name__)
_closing_listings: set[asyncio.Future[None]] = set()
_inherited: list[_Portal] = []
_portal = _Portal()
atexit.register(_stop)
os.register_at_fork(after_in_child=_restart)
