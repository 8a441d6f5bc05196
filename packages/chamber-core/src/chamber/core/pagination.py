"""Listings: page after page, the next one asked for before the present one is handed out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from chamber.core.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
    from typing import Any

__all__ = ["each_item"]

T = TypeVar("T")


async def each_item(
    page: Callable[[str | None], Coroutine[Any, Any, tuple[Sequence[T], str | None]]],
) -> AsyncGenerator[T, None]:
    """Every item of a listing. `page` takes a cursor and returns the items and the next cursor.

    Raises UnexpectedResponseError: the API returned a cursor for the second time, which would never end.
    """
    seen: set[str] = set()
    coming = asyncio.ensure_future(page(None))
    try:
        while True:
            items, cursor = await coming
            if cursor:
                _check_new(cursor, seen)
                coming = asyncio.ensure_future(page(cursor))
                await asyncio.sleep(0)  # until it waits for the API, before anybody works on the present page
            for item in items:
                yield item
            if not cursor:
                return
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _check_new(cursor: str, seen: set[str]) -> None:
    if cursor in seen:
        raise UnexpectedResponseError(
            "The API returned the same page cursor twice: the listing would never end. What came so far is complete"
        )
    seen.add(cursor)
