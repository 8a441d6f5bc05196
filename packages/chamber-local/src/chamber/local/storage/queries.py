"""Listing, searching and counting workloads."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec

from chamber.local.storage import masks, words
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
    "latest",
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


#: So many workloads are sorted in some milliseconds.
_FEW = 4000

#: Values of a dimension of which each is remembered by itself.
_MOST_VALUES = 64

_COLUMNS = ", ".join(Workload.__struct_fields__)

#: A condition in SQL, and the values of its names.
_Part: TypeAlias = tuple[str, dict[str, Any]]

#: How a page is found: in the order of an index that the filter leads into, by walking the index of the order and
#: leaving out what the filter does not admit, or by sorting everything that it admits.
_Way: TypeAlias = Literal["ordered", "walked", "sorted"]


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

    @property
    def admits_none(self) -> bool:
        """True when no workload can pass."""
        return self.status == () or self.is_managed is False


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
    look = _searched if words.each(chosen.query) else _filtered
    total, way, (where, values) = look(connection, chosen, cut)
    expression = _NEVER_NULL.get(cut.sort_by, cut.sort_by)
    behind, position = _behind(expression, cut)
    index = f"INDEXED BY workloads_by_{cut.sort_by}" if way == "walked" else ""
    order, found = cut.sort_order, ("+" if way == "sorted" else "") + expression
    rows = connection.execute(
        f"SELECT {_COLUMNS}, seq, sort_value FROM (SELECT seq AS place, {expression} AS sort_value "  # noqa: S608
        f"FROM workloads {index} WHERE {where} AND {behind} ORDER BY {found} {order}, seq {order} LIMIT :limit) "
        f"CROSS JOIN workloads ON seq = place ORDER BY sort_value {order}, seq {order}",
        {**values, **position, "limit": cut.limit + 1},
    ).fetchall()
    shown = rows[: cut.limit]
    more = Position(shown[-1]["sort_value"], shown[-1]["seq"]) if len(rows) > len(shown) else None
    return Page(tuple(to_struct(Workload, row) for row in shown), total, more)


def latest(connection: sqlite3.Connection, chosen: Filter, most: int) -> list[int]:
    """The `seq` of those that were submitted last."""
    where, values = _joined(_parts(chosen, "ordered", _rarest(connection, chosen)))
    rows = connection.execute(
        f"SELECT seq FROM workloads WHERE {where} ORDER BY submitted_at DESC, seq DESC LIMIT :most",  # noqa: S608
        {**values, "most": most},
    )
    return [row[0] for row in rows]


def count(connection: sqlite3.Connection, chosen: Filter) -> int:
    """How many."""
    if words.each(chosen.query):
        return _with_words(connection, chosen).total
    where, values = conditions(chosen)
    source = "SUM(number) FROM workload_counts" if _by_dimensions(chosen) else "COUNT(*) FROM workloads"
    return int(connection.execute(f"SELECT {source} WHERE {where}", values).fetchone()[0] or 0)


def count_by(connection: sqlite3.Connection, dimension: Dimension, chosen: Filter) -> dict[str, int]:
    """How many for each value of a dimension, most first; those without a value are left out."""
    kept = _by_dimensions(chosen)
    if not kept and (counted := _remembered(connection, dimension, chosen)) is not None:
        return dict(sorted(counted.items(), key=lambda of: (-of[1], of[0])))
    where, values = conditions(chosen)
    rows = connection.execute(
        f"SELECT {dimension} AS key, {'SUM(number)' if kept else 'COUNT(*)'} AS workloads "  # noqa: S608
        f"FROM {'workload_counts' if kept else 'workloads'} WHERE {where} AND IFNULL({dimension}, '') != '' "
        "GROUP BY key HAVING workloads > 0 ORDER BY workloads DESC, key",
        values,
    )
    return {row["key"]: row["workloads"] for row in rows}


def conditions(chosen: Filter) -> tuple[str, dict[str, Any]]:
    """The filter as SQL over the columns of `workloads`, and the values of its names."""
    return _joined(_parts(chosen, "sorted"))


def _searched(connection: sqlite3.Connection, chosen: Filter, cut: Cut) -> tuple[int, _Way, _Part]:
    """How many there are, and how the page is found of what contains some words."""
    found = _with_words(connection, chosen)
    if found.total > cut.limit and cut.sort_by == "submitted_at" and masks.in_order(connection):
        after = cut.after.seq if cut.after else None
        return found.total, "sorted", _these(islice(found.seqs(after, cut.sort_order), cut.limit + 1))
    if found.total <= _FEW or not _many(connection, found.total, cut):
        return found.total, "sorted", _these(found.seqs())
    connection.create_function("admitted", 1, found.admits)
    return found.total, "walked", ("admitted(seq)", {})


def _filtered(connection: sqlite3.Connection, chosen: Filter, cut: Cut) -> tuple[int, _Way, _Part]:
    """The same, where no words are looked for."""
    total = count(connection, chosen)
    way = _way(connection, chosen, cut, total)
    return total, way, _joined(_parts(chosen, way, _rarest(connection, chosen) if way == "ordered" else None))


def _with_words(connection: sqlite3.Connection, chosen: Filter) -> masks.Found:
    return masks.found(connection, tuple(_parts_without_words(chosen)), words.each(chosen.query))


def _remembered(connection: sqlite3.Connection, dimension: Dimension, chosen: Filter) -> dict[str, int] | None:
    """The counts from what is remembered of each value; None where there are too many values for that."""
    sql = f"SELECT DISTINCT {dimension} FROM workload_counts WHERE {dimension} != '' LIMIT {_MOST_VALUES + 1}"  # noqa: S608
    held = [row[0] for row in connection.execute(sql)]
    if len(held) > _MOST_VALUES:
        return None
    each: dict[str, _Part] = {value: (f"{dimension} = :value", {"value": value}) for value in held}
    counted = masks.counts(connection, tuple(_parts_without_words(chosen)), words.each(chosen.query), each)
    return {value: number for value, number in counted.items() if number}


def _these(seqs: Iterable[int]) -> _Part:
    return "seq IN (SELECT value FROM json_each(:seqs))", {"seqs": msgspec.json.encode(tuple(seqs)).decode()}


def _way(connection: sqlite3.Connection, chosen: Filter, cut: Cut, total: int) -> _Way:
    ranges = any(True for _ in _ranges(chosen, "")) and chosen.submitted_from is chosen.submitted_to is None
    several = any(len(getattr(chosen, name) or ()) > 1 for name in _DIMENSIONS)
    if cut.sort_by == "submitted_at" and not (ranges or several):
        return "ordered"
    return "walked" if _many(connection, total, cut) else "sorted"


def _many(connection: sqlite3.Connection, total: int, cut: Cut) -> bool:
    """True where a page is found sooner by walking along its order than by sorting all that is to be in some page."""
    everything: int = connection.execute("SELECT IFNULL(MAX(seq), 0) FROM workloads").fetchone()[0]
    return total == everything or total * total > cut.limit * everything


def _rarest(connection: sqlite3.Connection, chosen: Filter) -> Dimension | None:
    """Which of the dimensions that are filtered by admits the fewest workloads."""
    asked: list[Dimension] = [name for name in _DIMENSIONS if getattr(chosen, name)]
    if len(asked) < 2:
        return next(iter(asked), None)
    return min(asked, key=lambda name: count(connection, Filter(**{name: getattr(chosen, name)})))


def _by_dimensions(chosen: Filter) -> bool:
    """True for a filter that counts are kept for."""
    return not (words.each(chosen.query) or any(True for _ in _ranges(chosen, "")))


def _joined(parts: Iterator[_Part]) -> _Part:
    held = tuple(parts)
    values = {name: value for _, named in held for name, value in named.items()}
    return " AND ".join(sql for sql, _ in held) or "1", values


def _parts(chosen: Filter, way: _Way, rarest: Dimension | None = None) -> Iterator[_Part]:
    hidden = "+" if way == "walked" or words.indexed(chosen.query) else ""
    yield from _parts_without_words(chosen, hidden, rarest)
    yield from words.conditions(chosen.query)


def _parts_without_words(chosen: Filter, hidden: str = "", rarest: Dimension | None = None) -> Iterator[_Part]:
    yield from _one_of(chosen, hidden, rarest)
    yield from _ranges(chosen, hidden)
    if chosen.is_managed is False:
        yield "0", {}


def _behind(expression: str, cut: Cut) -> tuple[str, dict[str, str | float]]:
    if cut.after is None:
        return "1", {}
    comparison = "<" if cut.sort_order == "desc" else ">"
    place = {"after": cut.after.value, "after_seq": cut.after.seq}
    return f"({expression}, seq) {comparison} (:after, :after_seq)", place


def _one_of(chosen: Filter, hidden: str, rarest: Dimension | None) -> Iterator[_Part]:
    """A `+` keeps SQLite from looking a column up in its index (its documentation, "The Query Optimizer", 8.4)."""
    for name in _DIMENSIONS:
        values = getattr(chosen, name)
        if values or (name == "status" and values is not None):
            named = {f"{name}_{number}": column(value) for number, value in enumerate(values)}
            collation = " COLLATE NOCASE" if name == "gpu_type" else ""
            mark = hidden or ("+" if rarest not in {None, name} else "")
            yield f"{mark}{name}{collation} IN ({', '.join(f':{key}' for key in named)})", named


def _ranges(chosen: Filter, hidden: str) -> Iterator[_Part]:
    bounds = (
        ("priority >=", "priority_min"),
        ("priority <=", "priority_max"),
        ("requested_gpus >=", "requested_gpus_min"),
        ("requested_gpus <=", "requested_gpus_max"),
        ("submitted_at >=", "submitted_from"),
        ("submitted_at <=", "submitted_to"),
    )
    for sql, name in bounds:
        if (value := getattr(chosen, name)) is not None:
            yield f"{hidden}{sql} :{name}", {name: column(value)}
