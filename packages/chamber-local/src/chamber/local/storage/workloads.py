"""Workloads and the history of their statuses."""

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from chamber.local.storage.columns import UNFINISHED
from chamber.local.storage.rows import column, insert, to_struct, to_structs
from chamber.local.workloads import TERMINAL, Claim, Event, JobClass, Status, Workload

__all__ = ["add", "advance", "claims", "every", "explain", "get", "history", "record_past", "resize", "unsettled"]

_NOTHING: Mapping[str, Any] = {}

_WORKLOAD = ", ".join(Workload.__struct_fields__)
_CLAIM = (
    "id, seq, status, initiative_id, gpu_type, requested_gpus, job_class, priority, capacity_pool_id, "
    "allocation_id, scaling_mode, requested_pods, min_pods, running_pods, started_at, waiting_reason"
)


def add(connection: sqlite3.Connection, workload: Workload) -> None:
    """Records a submission."""
    insert(connection, "workloads", workload)
    _record(connection, workload.id, workload.status, workload.submitted_at, None)


def record_past(connection: sqlite3.Connection, workload: Workload) -> None:
    """Records a workload that is over, with the statuses that it went through."""
    insert(connection, "workloads", workload)
    moments = (
        (Status.PENDING, workload.submitted_at),
        (Status.RUNNING, workload.started_at),
        (workload.status, workload.completed_at),
    )
    for status, at in moments:
        if at is not None:
            over = status is workload.status
            _record(connection, workload.id, status, at, workload.failure_reason if over else None)


def get(connection: sqlite3.Connection, workload_id: str) -> Workload | None:
    """One workload, or None."""
    row = connection.execute(f"SELECT {_WORKLOAD} FROM workloads WHERE id = ?", (workload_id,)).fetchone()  # noqa: S608
    return to_struct(Workload, row) if row else None


def every(connection: sqlite3.Connection) -> tuple[Workload, ...]:
    """All, in the order of their submission."""
    return to_structs(Workload, connection.execute(f"SELECT {_WORKLOAD} FROM workloads ORDER BY seq"))  # noqa: S608


def claims(connection: sqlite3.Connection) -> tuple[Claim, ...]:
    """What scheduling needs of the unfinished ones, in the order of their submission; the finished are not read."""
    found = f"FROM workloads INDEXED BY workloads_unfinished WHERE {UNFINISHED} ORDER BY seq"
    rows = connection.execute(f"SELECT {_CLAIM} {found}")
    return tuple(_claim(*row) for row in rows)


def unsettled(connection: sqlite3.Connection) -> tuple[Workload, ...]:
    """Those that were starting or running."""
    rows = connection.execute(
        f"SELECT {_WORKLOAD} FROM workloads WHERE {UNFINISHED} AND status IN ('STARTING', 'RUNNING') ORDER BY seq"  # noqa: S608
    )
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
        values |= {"failure_reason": reason, "pid": None, "waiting_reason": None}
    sets = ", ".join(f"{name} = ?" for name in values)
    marks = ", ".join("?" * len(since))
    cursor = connection.execute(
        f"UPDATE workloads SET {sets} WHERE id = ? AND status IN ({marks})",  # noqa: S608
        (*map(column, values.values()), workload_id, *map(column, since)),
    )
    if cursor.rowcount:
        _record(connection, workload_id, status, at, reason)
    return bool(cursor.rowcount)


def resize(connection: sqlite3.Connection, workload_id: str, pods: int, at: datetime) -> None:
    """Gives a running workload another number of pods, and keeps account of the GPU-hours until then."""
    workload = get(connection, workload_id)
    if workload is not None and workload.status is Status.RUNNING:
        banked = (workload.gpu_hours(at) or 0.0) * 3600
        connection.execute(
            "UPDATE workloads SET running_pods = ?, banked_gpu_seconds = ?, resized_at = ? WHERE id = ?",
            (pods, banked, column(at), workload_id),
        )


def explain(connection: sqlite3.Connection, workload_id: str, reason: str, pool_id: str | None) -> None:
    """Says why a workload waits, in its row and with the last change of its status, and where (None: as before)."""
    connection.execute(
        "UPDATE workloads SET waiting_reason = ?, capacity_pool_id = IFNULL(?, capacity_pool_id) WHERE id = ?",
        (reason, pool_id, workload_id),
    )
    connection.execute(
        "UPDATE events SET reason = ? WHERE seq = (SELECT MAX(seq) FROM events WHERE workload_id = ?)",
        (reason, workload_id),
    )


def _claim(*row: Any) -> Claim:
    name, order, status, team, gpu_type, gpus, kind, priority, *others = row
    return Claim(name, order, Status(status), team, gpu_type, gpus, JobClass(kind), priority, *others)


def _moments(status: Status, at: datetime) -> dict[str, datetime]:
    if status is Status.RUNNING:
        return {"started_at": at}
    return {"completed_at": at} if status in TERMINAL else {}


def _record(connection: sqlite3.Connection, workload_id: str, status: Status, at: datetime, reason: str | None) -> None:
    connection.execute(
        "INSERT INTO events (workload_id, status, at, reason) VALUES (?, ?, ?, ?)",
        (workload_id, column(status), column(at), reason),
    )
