"""The measurements of one workload, averaged over equal stretches of time so that a chart of any length is small."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

import msgspec

from chamber.local.storage.samples import METRICS, Summary

__all__ = ["Series", "of_workload"]

#: Over which samples are averaged; julianday() tells times apart by some 40 microseconds.
_STRETCH = "CAST((julianday(at) - julianday(:begin)) * 86400 / :step AS INTEGER)"


class Series(msgspec.Struct, frozen=True):
    """Measurements over time: how many there are, where the last is from, and when the stretches of `step` seconds are.

    `step` is 0 where every sample is told by itself. `values` are of the metrics that were measured (None: not then),
    and `summaries` are over every single sample.
    """

    samples: int
    source: str
    step: float
    times: tuple[datetime, ...]
    values: Mapping[str, tuple[float | None, ...]]
    summaries: Mapping[str, Summary]


def of_workload(connection: sqlite3.Connection, workload_id: str, most: int = 240) -> Series:
    """What was measured of a workload, in at most `most` values for each metric."""
    samples, begin, seconds = connection.execute(
        "SELECT COUNT(*), MIN(at), (julianday(MAX(at)) - julianday(MIN(at))) * 86400 "
        "FROM samples WHERE workload_id = ?",
        (workload_id,),
    ).fetchone()
    step = (seconds + 1e-3) / most if samples > most else 0.0
    averages = ", ".join(f"AVG({name}) AS {name}" for name in METRICS)
    rows = connection.execute(
        f"SELECT MIN(at) AS at, {averages} FROM samples WHERE workload_id = :id "  # noqa: S608
        f"GROUP BY {_STRETCH if step else 'rowid'} ORDER BY at",
        {"id": workload_id, "begin": begin, "step": step},
    ).fetchall()
    summaries = _summaries(connection, workload_id)
    return Series(
        samples=samples,
        source=_source(connection, workload_id),
        step=step,
        times=tuple(datetime.fromisoformat(row["at"]) for row in rows),
        values={name: tuple(row[name] for row in rows) for name in summaries},
        summaries=summaries,
    )


def _summaries(connection: sqlite3.Connection, workload_id: str) -> dict[str, Summary]:
    """What each metric that was measured came to."""
    columns = ", ".join(f"AVG({name}), MIN({name}), MAX({name}), ({_last(name)})" for name in METRICS)
    row = tuple(
        connection.execute(f"SELECT {columns} FROM samples WHERE workload_id = :id", {"id": workload_id}).fetchone()  # noqa: S608
    )
    found = {name: row[4 * place : 4 * place + 4] for place, name in enumerate(METRICS)}
    return {name: Summary(*values) for name, values in found.items() if values[0] is not None}


def _last(column: str) -> str:
    """SQL for the last value of a column that there is."""
    return (
        f"SELECT {column} FROM samples WHERE workload_id = :id AND {column} IS NOT NULL "  # noqa: S608
        "ORDER BY at DESC LIMIT 1"
    )


def _source(connection: sqlite3.Connection, workload_id: str) -> str:
    row = connection.execute(
        f"SELECT * FROM ({_last('source')})",  # noqa: S608
        {"id": workload_id},
    ).fetchone()
    return str(row[0]) if row else "none"
