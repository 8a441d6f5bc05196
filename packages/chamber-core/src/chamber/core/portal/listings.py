"""Listings for a blocking consumer: in one call the items that come without waiting."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any, TypeVar

from chamber.core.portal import driver
from chamber.core.portal.calls import call
from chamber.core.portal.loops import run_here

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

__all__ = ["Rest", "each", "follow", "is_followed"]

T = TypeVar("T")

#: Seconds.
_LOOK = 0.01


class _Following:
    """How many items can be had without waiting."""

    count = 0


_following: contextvars.ContextVar[_Following | None]
_following = contextvars.ContextVar("chamber_following", default=None)


class Rest(list[Any]):
    """Items that a listing hands out in one piece, in place of the next: to who sends it this class, and may do so."""


def each(items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """The items of an asynchronous generator, in one blocking call those that come without waiting (`follow`).

    It is closed when the consumer stops.
    """
    portal = driver.current()
    if portal.loop() is None:
        yield from run_here(_all(items))
        return
    with portal.reading_ahead():
        yield from _read(items, portal)


def follow(count: int) -> None:
    """Say, before one item of a listing is handed out, how many others can be had at once after it."""
    following = _following.get()
    if following is not None:
        following.count = count


def is_followed() -> bool:
    """Whether anybody wants to hear that (`follow`)."""
    return _following.get() is not None


def _read(items: AsyncGenerator[T, None], portal: driver.Portal) -> Generator[T, None, None]:
    try:
        error: Exception | None = None
        while error is None:
            taken, error = call(_next(items))
            yield from taken
        if not isinstance(error, StopAsyncIteration):
            raise error
    finally:
        if portal is driver.current() and portal.is_running():  # else it was ended, or is the parent process's
            _finish(items, portal)


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


def _finish(items: AsyncGenerator[Any, None], portal: driver.Portal) -> None:
    if not portal.is_here():
        call(_closed(items))
    elif (loop := portal.loop()) is not None:  # the garbage collector happened to run here
        closing = loop.create_task(_closed(items))
        _closing_listings.add(closing)
        closing.add_done_callback(_closing_listings.discard)


async def _closed(items: AsyncGenerator[Any, None]) -> None:
    while getattr(items, "ag_running", False):  # noqa: ASYNC110  an interrupt has cancelled its last step, which is still ending
        await asyncio.sleep(_LOOK)
    await items.aclose()


_closing_listings: set[asyncio.Task[None]] = set()
