"""Measurements of running workloads."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

import msgspec

from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import column, insert, to_structs

__all__ = ["METRICS", "Metric", "Sample", "Summary", "add", "of_workload", "summaries"]

#: What is measured.
Metric = Literal[
    "gpu_utilization",
    "memory_utilization",
    "temperature",
    "power_usage",
    "gpu_usage",
    "cpu_utilization",
    "memory_bytes",
]

#: The columns of `Sample` that are measured.
METRICS: tuple[Metric, ...] = get_args(Metric)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement; None is what was not measured.

    `cpu_utilization` is in percent of one core, `memory_bytes` is resident memory of all of the job's processes.
    `gpu_utilization` and `memory_utilization` are in percent of the host's GPUs, `temperature` in degrees Celsius,
    `power_usage` in watts, `gpu_usage` in GPUs.
    """

    workload_id: str
    at: datetime
    source: str
    cpu_utilization: float | None = None
    memory_bytes: float | None = None
    gpu_utilization: float | None = None
    memory_utilization: float | None = None
    temperature: float | None = None
    power_usage: float | None = None
    gpu_usage: float | None = None


class Summary(msgspec.Struct, frozen=True):
    """What one metric was over a time."""

    avg: float
    min: float
    max: float
    current: float


def add(connection: sqlite3.Connection, sample: Sample) -> None:
    """Records one."""
    insert(connection, "samples", sample)


def of_workload(connection: sqlite3.Connection, workload_id: str, since: datetime | None = None) -> tuple[Sample, ...]:
    """The samples of one workload, oldest first."""
    rows = connection.execute(
        "SELECT * FROM samples WHERE workload_id = ? AND at >= ? ORDER BY at",
        (workload_id, column(since) or ""),
    )
    return to_structs(Sample, rows)


def summaries(
    connection: sqlite3.Connection, chosen: Filter, since: datetime | None, key: str = "workload_id"
) -> Mapping[str | None, dict[str, Summary | None]]:
    """The metrics of the chosen workloads since then, for each value of a column; ``"''"`` takes all as one."""
    where, values = conditions(chosen)
    found: dict[str | None, dict[str, Summary | None]] = {}
    for metric in METRICS:
        for row in _summary_rows(connection, metric, where, {**values, "since": column(since) or ""}, key):
            found.setdefault(row["key"], dict.fromkeys(METRICS))[metric] = Summary(*tuple(row)[1:5])
    return found


def _summary_rows(
    connection: sqlite3.Connection, metric: str, where: str, values: dict[str, object], key: str
) -> list[sqlite3.Row]:
    return connection.execute(
        f"SELECT {key} AS key, AVG({metric}), MIN({metric}), MAX({metric}), "  # noqa: S608
        f"CAST(substr(MAX(at || {metric}), 28) AS REAL) "  # `at` is 27 characters wide: the latest value
        f"FROM samples JOIN workloads ON workloads.id = samples.workload_id "
        f"WHERE {where} AND at >= :since AND {metric} IS NOT NULL GROUP BY key",
        values,
    ).fetchall()
