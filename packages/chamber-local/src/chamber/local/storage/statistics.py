"""Sums over workloads."""

import sqlite3
from datetime import datetime

import msgspec

from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import column

__all__ = ["Totals", "gpu_hours_since", "totals", "totals_by"]

_SECONDS = "(julianday(IFNULL(completed_at, :now)) - julianday(started_at)) * 86400"
_TOTALS = f"""
    COUNT(*) AS workloads,
    IFNULL(SUM(requested_gpus * {_SECONDS} / 3600), 0) AS gpu_hours,
    IFNULL(AVG({_SECONDS}), 0) AS average_seconds,
    IFNULL(SUM(status = 'COMPLETED'), 0) AS succeeded,
    IFNULL(SUM(status IN ('COMPLETED', 'FAILED', 'PREEMPTED')), 0) AS ended
"""


class Totals(msgspec.Struct, frozen=True):
    """What some workloads come to. `average_seconds` is over those that started."""

    workloads: int
    gpu_hours: float
    average_seconds: float
    succeeded: int
    ended: int

    @property
    def success_rate(self) -> float:
        """The part of those that ended by themselves that completed, 0 to 1; 0 when none ended."""
        return self.succeeded / self.ended if self.ended else 0.0


def totals(connection: sqlite3.Connection, chosen: Filter, now: datetime) -> Totals:
    """The sums over the chosen workloads."""
    return totals_by(connection, "''", chosen, now).get("", Totals(0, 0.0, 0.0, 0, 0))


def totals_by(connection: sqlite3.Connection, key: str, chosen: Filter, now: datetime) -> dict[str, Totals]:
    """The sums for each value of a column."""
    where, values = conditions(chosen)
    rows = connection.execute(
        f"SELECT {key} AS key, {_TOTALS.replace(':now', '?')} FROM workloads WHERE {where} GROUP BY key ORDER BY key",  # noqa: S608
        (*[column(now)] * _TOTALS.count(":now"), *values),
    )
    return {row["key"]: Totals(*tuple(row)[1:]) for row in rows}


def gpu_hours_since(
    connection: sqlite3.Connection, chosen: Filter, since: datetime, now: datetime, key: str
) -> dict[str, float]:
    """The GPU-hours used between two moments, for each value of a column."""
    where, values = conditions(chosen)
    begin, end = column(since), column(now)
    rows = connection.execute(
        f"SELECT {key} AS key, SUM(requested_gpus * 24 * "  # noqa: S608
        "(julianday(IFNULL(completed_at, ?)) - julianday(MAX(started_at, ?)))) AS hours FROM workloads "
        f"WHERE started_at IS NOT NULL AND IFNULL(completed_at, ?) > ? AND {where} GROUP BY key",
        (end, begin, end, begin, *values),
    )
    return {row["key"]: row["hours"] for row in rows}
