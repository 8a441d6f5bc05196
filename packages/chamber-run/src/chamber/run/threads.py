"""Blocking work in threads, that ends when whoever waits for it is cancelled."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["AT_ONCE", "Stop", "Stopped", "check", "in_thread", "spread"]

T = TypeVar("T")
Item = TypeVar("Item")

#: Set when the work is no longer wanted; the work looks at it between one file and the next.
Stop = threading.Event

#: Threads for work that keeps a processor busy outside the interpreter, as hashing does.
AT_ONCE = min(8, os.cpu_count() or 1)


class Stopped(Exception):
    """The work was told to stop, and did."""


def check(stop: Stop | None) -> None:
    """Raises Stopped: the work is no longer wanted."""
    if stop is not None and stop.is_set():
        raise Stopped


async def in_thread(work: Callable[[Stop], T], undo: Callable[[T], object] = lambda _: None) -> T:
    """The result of ``work(stop)``, run in a thread; when cancelled, waits until the work has stopped.

    `undo`: what to do with a result that nobody waits for any more.
    """
    stop = Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled() and running.exception() is None:
            undo(running.result())
        raise


def spread(work: Callable[[Item], T], items: Iterable[Item], stop: Stop | None = None) -> Iterator[T]:
    """The results of ``work(item)``, in order, done in several threads; the first error ends the others.

    Raises Stopped: `stop` was set.
    """
    failed = Stop()

    def one(item: Item) -> T:
        check(failed)
        check(stop)
        return work(item)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield from pool.map(one, items)
        finally:
            failed.set()
