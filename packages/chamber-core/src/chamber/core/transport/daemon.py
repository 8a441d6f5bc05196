"""Blocking work beside the event loop, in daemon threads of our own.

The event loop's thread pool refuses work once the main thread has ended, and is waited for at exit; calls made at
interpreter exit still have to be answered, and none may hold it up.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["in_daemon"]

T = TypeVar("T")


async def in_daemon(function: Callable[..., T], *arguments: Any, name: str) -> T:
    """What `function` returns or raises, called in a daemon thread of that name; here where none can be started."""
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    work = (answer, function, arguments)
    try:
        threading.Thread(target=_work, args=work, name=name, daemon=True).start()
    except RuntimeError:  # Python 3.12 refuses as soon as the main thread has ended
        _work(*work)
    return await answer


def _work(answer: asyncio.Future[T], function: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    result: Any = None
    failure: Exception | None = None
    try:
        result = function(*arguments)
    except Exception as error:
        failure = error
    with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
        answer.get_loop().call_soon_threadsafe(_settle, answer, result, failure)


def _settle(answer: asyncio.Future[T], result: T, failure: Exception | None) -> None:
    if answer.done():
        return
    if failure is None:
        answer.set_result(result)
    else:
        answer.set_exception(failure)
