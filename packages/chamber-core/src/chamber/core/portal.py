"""The background event loop behind every blocking client.

One daemon thread runs one loop for the whole process: in a script, in threads, inside a running loop or a
notebook, after a fork, and at interpreter exit. A blocking call hands its coroutine over and, until that is
done, runs in its own thread whatever the coroutine asks it to (`in_caller`).
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import importlib
import os
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from chamber.core.errors import ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["before_stop", "call", "in_caller"]

T = TypeVar("T")

_STOP_WITHIN = 2.0

_Job = tuple["asyncio.Future[Any]", "Callable[..., Any]", tuple[Any, ...]]
_caller: contextvars.ContextVar[queue.SimpleQueue[_Job | None] | None]
_caller = contextvars.ContextVar("chamber_caller", default=None)


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for its result.

    An interrupt of the waiting thread cancels the coroutine.

    Raises ClientClosedError: called from the background loop itself, which would wait for itself for ever.
    """
    loop = _portal.loop()
    if threading.current_thread() is _portal.thread:
        coroutine.close()
        raise ClientClosedError(
            "A blocking client was called from the background loop, for example from a hook that runs there: "
            "use AsyncChamberClient in coroutines"
        )
    jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    context = contextvars.copy_context()
    context.run(_caller.set, jobs)
    future = context.run(asyncio.run_coroutine_threadsafe, coroutine, loop)
    future.add_done_callback(lambda _: jobs.put(None))
    try:
        while (job := jobs.get()) is not None:
            _run(job, loop)
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def in_caller(function: Callable[..., T], *arguments: Any) -> T:
    """Run `function` in the thread that made the blocking call; on the async face right here."""
    jobs = _caller.get()
    if jobs is None:
        return function(*arguments)
    result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    jobs.put((result, function, arguments))
    return await result


def before_stop(closing: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have `closing` run on the background loop before it stops at interpreter exit."""
    if closing not in _closing:
        _closing.append(closing)


def _run(job: _Job, loop: asyncio.AbstractEventLoop) -> None:
    result, function, arguments = job
    try:
        value = function(*arguments)
    except Exception as error:
        loop.call_soon_threadsafe(_settle, result, None, error)
    else:
        loop.call_soon_threadsafe(_settle, result, value, None)


def _settle(result: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if result.done():
        return
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(value)


class _Portal:
    """The loop and its thread, started with the first call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = _new_loop()
                self.thread = threading.Thread(target=self._loop.run_forever, name="chamber-portal", daemon=True)
                self.thread.start()
            return self._loop

    def stop(self) -> None:
        """Cancel what is under way and stop, at interpreter exit; never waits longer than 2 seconds."""
        if self._loop is None or self.thread is None or not self.thread.is_alive():
            return
        self._loop.set_exception_handler(lambda *_: None)
        asyncio.run_coroutine_threadsafe(_drain(), self._loop)
        self.thread.join(_STOP_WITHIN)


async def _drain() -> None:
    loop = asyncio.get_running_loop()
    others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=_STOP_WITHIN / 2) if others else None
    for closing in _closing:
        await closing()
    loop.call_soon(loop.stop)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        faster = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = faster.new_event_loop()
    return loop


def _restart() -> None:
    """In a forked child the thread is gone and the loop is the parent's: begin anew."""
    global _portal  # noqa: PLW0603  one portal a process, and this is another process
    _inherited.append(_portal)
    _portal = _Portal()


def _stop() -> None:
    _portal.stop()


_closing: list[Callable[[], Coroutine[Any, Any, None]]] = []
_inherited: list[_Portal] = []
_portal = _Portal()
atexit.register(_stop)
os.register_at_fork(after_in_child=_restart)
