"""Listings: page after page, the next one asked for before the present one is handed out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from operator import length_hint
from typing import TYPE_CHECKING, TypeVar

from chamber.core.errors import UnexpectedResponseError
from chamber.core.portal import Rest, follow, is_followed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
    from typing import Any, TypeAlias

__all__ = ["RepeatedCursor", "each_item", "each_page", "first_item", "following", "is_for_rest", "together"]

T = TypeVar("T")

if TYPE_CHECKING:
    #: Takes a cursor, and returns the items and the next cursor.
    Page: TypeAlias = Callable[[str | None], Coroutine[Any, Any, tuple[Sequence[T], str | None]]]
    #: The same; or what reads the items, which is called when the page after it has been asked for.
    UnreadPage: TypeAlias = Callable[
        [str | None], Coroutine[Any, Any, tuple[Sequence[T] | Callable[[], Sequence[T]], str | None]]
    ]


class RepeatedCursor(UnexpectedResponseError):
    """The API returned a page's cursor for the second time: the listing would never end."""


async def each_item(page: Page[T]) -> AsyncGenerator[T, None]:
    """Every item of a listing. `page` takes a cursor and returns the items and the next cursor.

    Raises RepeatedCursor: the API returned a cursor for the second time.
    """
    async with aclosing(each_page(page)) as pages:
        async for items in pages:
            told, left = following(items)
            for item in told:
                if is_for_rest((yield item)):
                    yield together(left)


async def each_page(page: UnreadPage[T]) -> AsyncGenerator[Sequence[T], None]:
    """The items of every page of a listing, as in `each_item`."""
    seen: set[str] = set()
    coming = asyncio.ensure_future(page(None))
    try:
        while True:
            items, cursor = await coming
            if cursor:
                _check_new(cursor, seen)
                coming = asyncio.ensure_future(page(cursor))
                await asyncio.sleep(0)  # until it waits for the API, before anybody works on the present page
            yield items if isinstance(items, Sequence) else items()
            if not cursor:
                return
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def following(items: Sequence[T]) -> tuple[Iterator[T], Iterator[T]]:
    """The items of a page to be handed out, and what is left of them, which a blocking consumer takes in one piece.

    It is told before each item how many follow, and asks for the rest (`is_for_rest`), which it gets by `together`.
    """
    left = iter(items)
    return _told(left) if is_followed() else left, left


def _told(left: Iterator[T]) -> Iterator[T]:
    for item in left:
        follow(length_hint(left))
        yield item


def is_for_rest(sent: object) -> bool:
    """Whether what was sent to a listing asks for all that follow the item that it handed out last."""
    return sent is Rest


def together(left: Iterator[Any]) -> Any:
    """What is left of a page, in one piece."""
    return Rest(left)


async def first_item(page: Page[T], wanted: Callable[[T], bool]) -> T | None:
    """The first item of a listing that is `wanted`; None: there is none. No page is asked for beyond its own.

    Raises RepeatedCursor: the API returned a cursor for the second time, and none of what came was wanted.
    """
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        items, cursor = await page(cursor)
        for item in items:
            if wanted(item):
                return item
        if not cursor:
            return None
        _check_new(cursor, seen)


def _check_new(cursor: str, seen: set[str]) -> None:
    if cursor in seen:
        raise RepeatedCursor(
            "The API returned the same page cursor twice: the listing would never end. What came so far is complete"
        )
    seen.add(cursor)
