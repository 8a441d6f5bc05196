"""Listing, searching and counting workloads."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from chamber.local.storage.rows import column, to_struct
from chamber.local.workloads import JobClass, Status, Workload

__all__ = [
    "Cut",
    "Dimension",
    "Filter",
    "Order",
    "Page",
    "Position",
    "Sortable",
    "conditions",
    "count",
    "count_by",
    "page",
]

Order = Literal["asc", "desc"]

#: What a search may sort by.
Sortable = Literal[
    "submitted_at",
    "started_at",
    "completed_at",
    "name",
    "status",
    "priority",
    "requested_gpus",
    "gpu_type",
    "job_class",
]

#: What workloads may be counted by.
Dimension = Literal["status", "job_class", "gpu_type", "initiative_id", "submitted_by", "capacity_pool_id"]

_DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

#: Columns that need an expression to have a value in every row.
_NEVER_NULL = {"started_at": "IFNULL(started_at, '')", "completed_at": "IFNULL(completed_at, '')"}


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which workloads; what is empty or None admits all, but an empty `status` admits none."""

    status: tuple[Status, ...] | None = None
    job_class: tuple[JobClass, ...] = ()
    gpu_type: tuple[str, ...] = ()
    initiative_id: tuple[str, ...] = ()
    submitted_by: tuple[str, ...] = ()
    capacity_pool_id: tuple[str, ...] = ()
    priority_min: float | None = None
    priority_max: float | None = None
    requested_gpus_min: float | None = None
    requested_gpus_max: float | None = None
    submitted_from: datetime | None = None
    submitted_to: datetime | None = None
    is_managed: bool | None = None
    query: str | None = None


class Position(msgspec.Struct, frozen=True):
    """Where a page ended: the value sorted by, and the order of submission."""

    value: str | float
    seq: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of what was found."""

    sort_by: Sortable = "submitted_at"
    sort_order: Order = "desc"
    limit: int = 20
    after: Position | None = None


class Page(msgspec.Struct, frozen=True):
    """Workloads, how many there are in all, and where the next page begins."""

    items: tuple[Workload, ...]
    total: int
    next: Position | None


def page(connection: sqlite3.Connection, chosen: Filter, cut: Cut) -> Page:
    """One page. Later submissions never shift what earlier pages showed."""
    expression, (where, values) = _NEVER_NULL.get(cut.sort_by, cut.sort_by), conditions(chosen)
    behind, position = _behind(expression, cut)
    rows = connection.execute(
        f"SELECT *, {expression} AS sort_value FROM workloads WHERE {where} AND {behind} "  # noqa: S608
        f"ORDER BY {expression} {cut.sort_order}, seq {cut.sort_order} LIMIT ?",
        (*values, *position, cut.limit + 1),
    ).fetchall()
    shown = rows[: cut.limit]
    more = Position(shown[-1]["sort_value"], shown[-1]["seq"]) if len(rows) > len(shown) else None
    return Page(tuple(to_struct(Workload, row) for row in shown), count(connection, chosen), more)


def count(connection: sqlite3.Connection, chosen: Filter) -> int:
    """How many."""
    where, values = conditions(chosen)
    return int(connection.execute(f"SELECT COUNT(*) FROM workloads WHERE {where}", values).fetchone()[0])  # noqa: S608


def count_by(connection: sqlite3.Connection, dimension: Dimension, chosen: Filter) -> dict[str, int]:
    """How many for each value of a dimension, most first; those without a value are left out."""
    where, values = conditions(chosen)
    rows = connection.execute(
        f"SELECT {dimension} AS key, COUNT(*) AS number FROM workloads WHERE {where} AND {dimension} IS NOT NULL "  # noqa: S608
        "GROUP BY key ORDER BY number DESC, key",
        values,
    )
    return {row["key"]: row["number"] for row in rows}


def conditions(chosen: Filter) -> tuple[str, list[Any]]:
    """The filter as SQL over the columns of `workloads`, and the values for its marks."""
    parts = [*_one_of(chosen), *_ranges(chosen), *_text(chosen)]
    if chosen.is_managed is False:
        parts.append(("0", []))
    return " AND ".join(sql for sql, _ in parts) or "1", [v for _, values in parts for v in values]


def _behind(expression: str, cut: Cut) -> tuple[str, tuple[str | float, ...]]:
    if cut.after is None:
        return "1", ()
    return f"({expression}, seq) {'<' if cut.sort_order == 'desc' else '>'} (?, ?)", (cut.after.value, cut.after.seq)


def _one_of(chosen: Filter) -> Iterator[tuple[str, list[Any]]]:
    for name in _DIMENSIONS:
        values = getattr(chosen, name)
        if values or (name == "status" and values is not None):
            marks = ", ".join("?" * len(values))
            collation = " COLLATE NOCASE" if name == "gpu_type" else ""
            yield f"{name}{collation} IN ({marks})", [column(value) for value in values]


def _ranges(chosen: Filter) -> Iterator[tuple[str, list[Any]]]:
    bounds = (
        ("priority >= ?", chosen.priority_min),
        ("priority <= ?", chosen.priority_max),
        ("requested_gpus >= ?", chosen.requested_gpus_min),
        ("requested_gpus <= ?", chosen.requested_gpus_max),
        ("submitted_at >= ?", chosen.submitted_from),
        ("submitted_at <= ?", chosen.submitted_to),
    )
    return ((sql, [column(value)]) for sql, value in bounds if value is not None)


def _text(chosen: Filter) -> Iterator[tuple[str, list[Any]]]:
    text = "lower(name || ' ' || IFNULL(external_id, '') || ' ' || tags)"
    for word in (chosen.query or "").lower().split():
        yield f"(id = ? OR instr({text}, ?))", [word, word]
