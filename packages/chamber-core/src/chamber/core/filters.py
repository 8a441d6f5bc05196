"""Filters by status, in whichever case the server spells statuses."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from chamber.core.enums import JobStatus
from chamber.core.errors import ValidationError
from chamber.core.wire import Dialect, spelt

__all__ = ["Statuses", "by_status", "words"]

Statuses = JobStatus | str | Sequence[JobStatus | str]

T = TypeVar("T")


async def by_status(
    dialect: Dialect,
    status: Statuses | None,
    ask: Callable[[list[str] | None], Coroutine[Any, Any, T]],
    has_found: Callable[[T], bool] = bool,
) -> T:
    """What `ask` finds for these statuses, spelt as the server spells them.

    The dialects differ in case, and a filter in the wrong one finds nothing. Until a filter has found something,
    as `has_found` tells of an answer, an empty one is asked for once more in the other case.
    """
    statuses = words(status)
    if not statuses:
        return await ask(None)
    case, *others = dialect.cases()
    found = await ask(spelt(statuses, case))
    for other in others:
        if has_found(found):
            break
        case, found = other, await ask(spelt(statuses, other))
    if has_found(found):
        dialect.status_case = case
    return found


def words(given: Statuses | None) -> list[str]:
    """The words of a filter that was given as one, several, or several comma-separated.

    Raises ValidationError: it is something else.
    """
    listed = [given] if isinstance(given, str) else [] if given is None else given
    try:
        return [word.strip() for item in listed for word in str.split(item, ",") if word.strip()]
    except TypeError:
        raise ValidationError(f"A filter is a text or a list of texts, not {given!r}") from None
