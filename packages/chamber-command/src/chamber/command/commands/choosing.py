"""Options by which several commands choose workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import click

__all__ = ["first", "poll_interval", "said", "status", "team", "timeout"]

T = TypeVar("T")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

#: Of any of these statuses.
status: Decorator = click.option(
    "--status",
    metavar="STATUS",
    help="Such as running; several with commas: pending,queued have not started.",
)
#: The API calls a team an initiative.
team: Decorator = click.option("--team", "--initiative", "team", metavar="ID", help="Of this team alone.")
poll_interval: Decorator = click.option(
    "--poll-interval",
    "--interval",
    "poll_interval",
    type=float,
    default=2.0,
    metavar="SECONDS",
    help="Between two looks.",
)
timeout: Decorator = click.option("--timeout", type=float, metavar="SECONDS", help="To wait at most; without end.")


def first(items: Iterable[T], limit: int | None) -> Iterator[T]:
    """The first of them; all where there is no limit."""
    return islice(items, limit)


def said(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if not (value is None or value == ())}
