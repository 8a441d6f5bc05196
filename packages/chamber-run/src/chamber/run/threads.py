"""Blocking work in a thread, that ends when whoever waits for it is cancelled."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Stop", "Stopped", "in_thread"]

T = TypeVar("T")

#: Set when the work is no longer wanted; the work looks at it between one file and the next.
Stop = threading.Event


class Stopped(Exception):
    """The work was told to stop, and did."""


async def in_thread(work: Callable[[Stop], T]) -> T:
    """The result of ``work(stop)``, run in a thread; when cancelled, waits until the work has stopped."""
    stop = Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
        raise
