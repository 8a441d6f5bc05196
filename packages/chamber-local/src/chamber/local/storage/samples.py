"""Measurements of running workloads."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, get_args

import msgspec

from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import column, insert, to_structs

__all__ = ["METRICS", "Metric", "Sample", "Summary", "add", "of_workload", "summaries", "summaries_of"]

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


Summaries: TypeAlias = "Mapping[str | None, dict[str, Summary | None]]"


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
    connection: sqlite3.Connection, chosen: Filter, since: datetime, key: Literal["''", "initiative_id"]
) -> Summaries:
    """The metrics of the chosen workloads since then, for each value of a column; ``"''"`` takes all as one."""
    where, values = conditions(chosen)
    source = f"samples INDEXED BY samples_at CROSS JOIN workloads ON workloads.id = samples.workload_id AND {where}"
    return _summaries(connection, key, source, {**values, "since": column(since)})


def summaries_of(connection: sqlite3.Connection, seqs: Sequence[int], since: datetime) -> Summaries:
    """The metrics of some workloads since then, by their ids."""
    named = "json_each(:seqs) CROSS JOIN workloads ON seq = json_each.value"
    source = f"{named} CROSS JOIN samples ON samples.workload_id = workloads.id"
    values = {"seqs": msgspec.json.encode(seqs).decode(), "since": column(since)}
    return _summaries(connection, "workload_id", source, values)


def _summaries(connection: sqlite3.Connection, key: str, source: str, values: Mapping[str, object]) -> Summaries:
    """`at` is 27 characters wide: what follows it in the largest is the latest value."""
    columns = ", ".join(
        f"AVG({name}), MIN({name}), MAX({name}), CAST(substr(MAX(at || {name}), 28) AS REAL)" for name in METRICS
    )
    rows = connection.execute(f"SELECT {key}, {columns} FROM {source} WHERE at >= :since GROUP BY 1", values)  # noqa: S608
    return {row[0]: _summarized(tuple(row)[1:]) for row in rows if any(value is not None for value in tuple(row)[1:])}


def _summarized(values: Sequence[float]) -> dict[str, Summary | None]:
    return {
        name: Summary(*values[4 * place : 4 * place + 4]) if values[4 * place] is not None else None
        for place, name in enumerate(METRICS)
    }
