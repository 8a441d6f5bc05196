"""One blocking call of a coroutine."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from chamber.core.errors import ClientClosedError
from chamber.core.portal import driver
from chamber.core.portal.loops import run_here
from chamber.core.portal.waiting import Call

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

__all__ = ["call"]

T = TypeVar("T")


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop of the process and wait for its result.

    Meanwhile the calling thread does what the coroutine asks of it (`in_caller`). An interrupt of that thread cancels
    the coroutine.

    Raises ClientClosedError: called from the loop itself, which would wait for itself for ever.
    """
    portal = driver.current()
    if (reason := _refusal(portal)) is not None:
        coroutine.close()
        raise ClientClosedError(reason)
    if (loop := portal.loop()) is None:
        return run_here(coroutine)
    made = Call(coroutine)
    try:
        portal.run(made, loop)
        task = made.ended()
    except BaseException as interrupt:
        _add_notes(interrupt, made.caller.notes)
        with contextlib.suppress(RuntimeError):  # the loop was ended, and closed
            loop.call_soon_threadsafe(made.cancel)
        raise
    try:
        return task.result()
    except asyncio.CancelledError:
        error = driver.ended_early()
        _add_notes(error, made.caller.notes)
        raise error from None
    finally:
        del made, task  # an exception refers to this frame


def _refusal(portal: driver.Portal) -> str | None:
    """Why no call can be made here and now."""
    if sys.is_finalizing():
        return "The interpreter is exiting: call the client before that, or in an atexit function"
    if portal.is_here():
        return (
            "A blocking client was called from the background loop, for example from a hook that runs there: "
            "use AsyncChamberClient in coroutines"
        )
    return None


def _add_notes(error: BaseException, notes: Iterable[str]) -> None:
    known = getattr(error, "__notes__", ())
    for note in notes:
        if note not in known:
            error.add_note(note)
