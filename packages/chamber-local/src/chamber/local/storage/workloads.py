"""Workloads and the history of their statuses."""

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from chamber.local.storage.rows import column, insert, to_struct, to_structs
from chamber.local.workloads import TERMINAL, Event, Status, Workload

__all__ = ["active", "add", "advance", "every", "get", "history", "unsettled"]

_NOTHING: Mapping[str, Any] = {}


def add(connection: sqlite3.Connection, workload: Workload) -> None:
    """Records a submission."""
    insert(connection, "workloads", workload)
    _record(connection, workload.id, workload.status, workload.submitted_at, None)


def get(connection: sqlite3.Connection, workload_id: str) -> Workload | None:
    """One workload, or None."""
    row = connection.execute("SELECT * FROM workloads WHERE id = ?", (workload_id,)).fetchone()
    return to_struct(Workload, row) if row else None


def every(connection: sqlite3.Connection) -> tuple[Workload, ...]:
    """All, in the order of their submission."""
    return to_structs(Workload, connection.execute("SELECT * FROM workloads ORDER BY seq"))


def active(connection: sqlite3.Connection) -> tuple[Workload, ...]:
    """The unfinished ones, in the order of their submission."""
    over = sorted(TERMINAL)
    marks = ", ".join("?" * len(over))
    rows = connection.execute(f"SELECT * FROM workloads WHERE status NOT IN ({marks}) ORDER BY seq", over)  # noqa: S608
    return to_structs(Workload, rows)


def unsettled(connection: sqlite3.Connection) -> tuple[Workload, ...]:
    """Those that were starting or running."""
    rows = connection.execute("SELECT * FROM workloads WHERE status IN ('STARTING', 'RUNNING') ORDER BY seq")
    return to_structs(Workload, rows)


def history(connection: sqlite3.Connection, workload_id: str) -> tuple[Event, ...]:
    """Every change of status, oldest first."""
    rows = connection.execute(
        "SELECT status, at, reason FROM events WHERE workload_id = ? ORDER BY seq", (workload_id,)
    )
    return to_structs(Event, rows)


def advance(
    connection: sqlite3.Connection,
    workload_id: str,
    status: Status,
    at: datetime,
    *,
    since: Collection[Status],
    reason: str | None = None,
    changes: Mapping[str, Any] = _NOTHING,
) -> bool:
    """Moves a workload to `status` when it is in one of `since`; False, and nothing done, when it is not.

    `changes` are other columns to set along with it.
    """
    values = {**changes, **_moments(status, at), "status": status}
    if status in TERMINAL:
        values |= {"failure_reason": reason, "pid": None}
    sets = ", ".join(f"{name} = ?" for name in values)
    marks = ", ".join("?" * len(since))
    cursor = connection.execute(
        f"UPDATE workloads SET {sets} WHERE id = ? AND status IN ({marks})",  # noqa: S608
        (*map(column, values.values()), workload_id, *map(column, since)),
    )
    if cursor.rowcount:
        _record(connection, workload_id, status, at, reason)
    return bool(cursor.rowcount)


def _moments(status: Status, at: datetime) -> dict[str, datetime]:
    if status is Status.RUNNING:
        return {"started_at": at}
    return {"completed_at": at} if status in TERMINAL else {}


def _record(connection: sqlite3.Connection, workload_id: str, status: Status, at: datetime, reason: str | None) -> None:
    connection.execute(
        "INSERT INTO events (workload_id, status, at, reason) VALUES (?, ?, ?, ?)",
        (workload_id, column(status), column(at), reason),
    )
