"""Filters by status, in whichever case the server spells statuses."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence, Sized
from typing import Any, TypeVar

from chamber.core.enums import JobStatus
from chamber.core.wire import Dialect, spelt

__all__ = ["Statuses", "by_status", "words"]

Statuses = JobStatus | str | Sequence[JobStatus | str]

S = TypeVar("S", bound=Sized)


async def by_status(
    dialect: Dialect, status: Statuses | None, ask: Callable[[list[str] | None], Coroutine[Any, Any, S]]
) -> S:
    """What `ask` finds for these statuses, spelt as the server spells them.

    The dialects differ in case, and a filter in the wrong one finds nothing. Until a filter has found something,
    an empty page is asked for once more in the other case.
    """
    statuses = words(status)
    if not statuses:
        return await ask(None)
    case, *others = dialect.cases()
    found = await ask(spelt(statuses, case))
    for other in others:
        if len(found):
            break
        case, found = other, await ask(spelt(statuses, other))
    if len(found):
        dialect.status_case = case
    return found


def words(given: Statuses | None) -> list[str]:
    """The words of a filter that was given as one, several, or several comma-separated."""
    listed = [given] if isinstance(given, str) else list(given or ())
    return [word.strip() for item in listed for word in str(item).split(",") if word.strip()]
