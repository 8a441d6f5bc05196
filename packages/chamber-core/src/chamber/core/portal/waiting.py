"""A call that a thread waits for, and what its coroutine has that thread do meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["Call", "Caller", "in_caller", "noted"]

T = TypeVar("T")

_Job = tuple["asyncio.Future[Any]", "Callable[..., Any]", tuple[Any, ...]]
#: Rounds of the loop in which it hears of a connection that the other side has ended; with TLS one more than without.
_HEARING = 2


class Call(Generic[T]):
    """A coroutine, and the thread that waits for it."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self.caller: Caller = Caller()
        self._coroutine = coroutine
        self._context = contextvars.copy_context()
        self._context.run(_caller.set, self.caller)
        self.task: asyncio.Task[T] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[T]:
        """Have the running loop do it."""
        self.task = loop.create_task(self._coroutine, context=self._context)
        return self.task

    def begin_alone(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[T]:
        """Have a loop do it that nobody has driven lately, and stop with it."""
        self.task = loop.create_task(_alone(self._coroutine, loop), context=self._context)
        return self.task

    def cancel(self) -> None:
        """End it, in the loop's thread."""
        if self.task is None:
            self._coroutine.close()
        else:
            self.task.cancel()

    def ended(self) -> asyncio.Task[T]:
        """Wait until it is done; do what its coroutine asks for meanwhile."""
        while not isinstance(job := self.caller.jobs.get(), asyncio.Task):
            _run(job)
        return job


async def in_caller(function: Callable[..., T], *arguments: Any) -> T:
    """Run `function` in the thread that made the blocking call; on the async face right here."""
    caller = _caller.get()
    if caller is None:
        return function(*arguments)
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    caller.jobs.put((result, function, arguments))
    loop.stop()  # that thread may be the one that drives the loop
    return await result


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


class Caller:
    """The thread that waits, as the coroutine knows it."""

    __slots__ = ("jobs", "notes")

    def __init__(self) -> None:
        #: What it is to do; last comes the task that has ended.
        self.jobs: queue.SimpleQueue[_Job | asyncio.Task[Any]] = queue.SimpleQueue()
        self.notes: list[str] = []


_caller: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("chamber_caller", default=None)


async def _alone(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    try:
        for _ in range(_HEARING):
            await asyncio.sleep(0)
        return await coroutine
    finally:
        coroutine.close()
        loop.stop()


def _run(job: _Job) -> None:
    result, function, arguments = job
    loop = result.get_loop()
    try:
        value = function(*arguments)
    except Exception as error:
        loop.call_soon_threadsafe(_settle, result, None, error)
    else:
        loop.call_soon_threadsafe(_settle, result, value, None)


def _settle(result: asyncio.Future[Any], value: Any, error: Exception | None) -> None:
    if result.done():
        return
    if isinstance(error, StopIteration):
        error = RuntimeError("a function called by the client raised StopIteration")
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(value)
