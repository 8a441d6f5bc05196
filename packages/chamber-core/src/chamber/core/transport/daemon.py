"""Blocking work beside the event loop, in daemon threads of our own.

The event loop's thread pool refuses work once the main thread has ended, and is waited for at exit; calls made at
interpreter exit still have to be answered, and none may hold it up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from chamber.core.portal import work

__all__ = ["in_daemon"]

T = TypeVar("T")


async def in_daemon(function: Callable[..., T], *arguments: Any, name: str) -> T:
    """What `function` returns or raises, called in a daemon thread of that name; here where none can be started."""
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    try:
        threading.Thread(target=work, args=(answer, function, arguments), name=name, daemon=True).start()
    except RuntimeError:  # Python 3.12 refuses as soon as the main thread has ended
        work(answer, function, arguments)
    return await answer
