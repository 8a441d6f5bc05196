"""Sums over workloads."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from chamber.local.storage.columns import HELD, UNFINISHED
from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import column

__all__ = ["Overview", "Totals", "gpu_hours_since", "overview", "totals", "totals_by"]

#: What is over, from an index that holds all of this, and what is not, up to :now.
_RUNS = f"""
    SELECT {{key}} AS key, status, run_seconds, gpu_seconds FROM workloads WHERE {{where}} AND NOT {UNFINISHED}
    UNION ALL
    SELECT {{key}}, status, (julianday(:now) - julianday(started_at)) * 86400,
    banked_gpu_seconds + {HELD} * (julianday(:now) - julianday(IFNULL(resized_at, started_at))) * 86400
    FROM workloads WHERE {{where}} AND {UNFINISHED}
"""  # noqa: S608
_TOTALS = """
    COUNT(*) AS workloads,
    IFNULL(SUM(gpu_seconds), 0) / 3600 AS gpu_hours,
    IFNULL(AVG(run_seconds), 0) AS average_seconds,
    IFNULL(SUM(status = 'COMPLETED'), 0) AS succeeded,
    IFNULL(SUM(status IN ('COMPLETED', 'FAILED', 'PREEMPTED')), 0) AS ended
"""

#: The GPU-seconds of the part of a run that lies behind :begin. Time before a change of size counts evenly.
_PART = "MIN(1, (julianday({end}) - julianday(:begin)) * 86400 / MAX({seconds}, 1e-9))"


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


class Overview(msgspec.Struct, frozen=True):
    """The sums over some workloads, and how many have each status and class, most first."""

    totals: Totals
    by_status: dict[str, int]
    by_job_class: dict[str, int]


def overview(connection: sqlite3.Connection, chosen: Filter, now: datetime) -> Overview:
    """All of that, from one look at them."""
    where, values = conditions(chosen)
    runs = _RUNS.format(key="job_class", where=where)
    rows = connection.execute(
        f"SELECT key, status, COUNT(*), TOTAL(gpu_seconds), TOTAL(run_seconds), COUNT(run_seconds) "  # noqa: S608
        f"FROM ({runs}) GROUP BY key, status",
        {**values, "now": column(now)},
    ).fetchall()
    by_status, by_class = Counter[str](), Counter[str]()
    for row in rows:
        by_status[row[1]] += row[2]
        by_class[row[0]] += row[2]
    gpu_seconds, seconds, ran = (sum(row[place] for row in rows) for place in (3, 4, 5))
    ended = sum(by_status[status] for status in ("COMPLETED", "FAILED", "PREEMPTED"))
    average = seconds / ran if ran else 0.0
    totals = Totals(by_status.total(), gpu_seconds / 3600, average, by_status["COMPLETED"], ended)
    return Overview(totals, _most_first(by_status), _most_first(by_class))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0])))


def totals(connection: sqlite3.Connection, chosen: Filter, now: datetime) -> Totals:
    """The sums over the chosen workloads."""
    return totals_by(connection, "''", chosen, now).get("", Totals(0, 0.0, 0.0, 0, 0))


def totals_by(connection: sqlite3.Connection, key: str, chosen: Filter, now: datetime) -> dict[str, Totals]:
    """The sums for each value of a column."""
    where, values = conditions(chosen)
    runs = _RUNS.format(key=key, where=where)
    rows = connection.execute(
        f"SELECT key, {_TOTALS} FROM ({runs}) GROUP BY key ORDER BY key",  # noqa: S608
        {**values, "now": column(now)},
    )
    return {row["key"]: Totals(*tuple(row)[1:]) for row in rows}


def gpu_hours_since(
    connection: sqlite3.Connection, chosen: Filter, since: datetime, now: datetime, key: str
) -> dict[str, float]:
    """The GPU-hours used between two moments, for each value of a column.

    What began before counts with the part of its time that lies between them, as if it had used GPUs evenly.
    """
    where, values = conditions(chosen)
    rows = connection.execute(
        f"SELECT key, SUM(used) / 3600 AS hours FROM ({_used_between(key, where)}) GROUP BY key",  # noqa: S608
        {**values, "now": column(now), "begin": column(since)},
    )
    return {row["key"]: row["hours"] for row in rows}


def _used_between(key: str, where: str) -> str:
    seconds = "(julianday(:now) - julianday(started_at)) * 86400"
    held = f"(banked_gpu_seconds + {HELD} * (julianday(:now) - julianday(IFNULL(resized_at, started_at))) * 86400)"
    return (
        f"SELECT {key} AS key, gpu_seconds * {_PART.format(end='completed_at', seconds='run_seconds')} AS used "  # noqa: S608
        f"FROM workloads WHERE completed_at > :begin AND started_at IS NOT NULL AND {where} "
        f"UNION ALL SELECT {key}, {held} * {_PART.format(end=':now', seconds=seconds)} "
        f"FROM workloads WHERE {UNFINISHED} AND started_at IS NOT NULL AND {where}"
    )
