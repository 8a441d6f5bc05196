"""What was measured, and what it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from chamber.core import wire
from chamber.core.enums import JobClass, JobStatus, OpenEnum
from chamber.core.models import Model
from chamber.metrics.choices import Metric, StatsDimension

__all__ = [
    "METRICS",
    "DataPoint",
    "GlobalMetrics",
    "MeasuredTeam",
    "MeasuredWorkload",
    "Measurements",
    "MetricSummary",
    "StatsGroup",
    "WorkloadMetrics",
    "WorkloadStats",
]

#: The metrics by name.
METRICS: tuple[Metric, ...] = get_args(Metric)


class DataPoint(Model, frozen=True, kw_only=True):
    """One measurement of a metric."""

    timestamp: datetime
    #: In the metric's unit; None where nothing was measured.
    value: float | None = None


class MetricSummary(Model, frozen=True, kw_only=True):
    """What one metric was over a span of time. False when nothing was measured.

    Utilisation is in percent, temperature in degrees Celsius, power in watts.
    """

    avg: float | None = None
    min: float | None = None
    max: float | None = None
    current: float | None = None
    #: The measurements themselves, where the API sends them.
    data_points: list[DataPoint] = []

    def __bool__(self) -> bool:
        return bool(self.data_points) or any(
            figure is not None for figure in (self.avg, self.min, self.max, self.current)
        )


class Measurements(Model, frozen=True, kw_only=True):
    """The metrics of something. One that was not measured is an empty summary."""

    __nested__ = ("metrics",)

    #: Percent.
    gpu_utilization: MetricSummary = MetricSummary()
    #: Percent of the GPUs' memory.
    memory_utilization: MetricSummary = MetricSummary()
    #: Degrees Celsius.
    temperature: MetricSummary = MetricSummary()
    #: Watts.
    power_usage: MetricSummary = MetricSummary()
    #: GPUs.
    gpu_usage: MetricSummary = MetricSummary()

    @classmethod
    def __complete__(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Where a ranking has one figure for a metric, it is the average."""
        return {name: _averaged(value) if name in METRICS else value for name, value in fields.items()}

    @property
    def summaries(self) -> dict[str, MetricSummary]:
        """Every metric that was measured, by name; also those that this version does not know."""
        known: dict[str, MetricSummary] = {name: getattr(self, name) for name in METRICS}
        others = {name: _summary(value) for name, value in self.extra.items()}
        return {name: summary for name, summary in (known | others).items() if summary}


class WorkloadMetrics(Measurements, frozen=True, kw_only=True):
    """The metrics of one workload."""

    #: How many measurements there are.
    sample_count: int | None = None
    #: The API's word on how complete or how real the measurements are.
    data_quality: str | None = None


class MeasuredWorkload(Measurements, frozen=True, kw_only=True):
    """A workload of a ranking."""

    __aliases__ = {"workload_id": "id"}

    id: str
    name: str | None = None
    status: JobStatus | None = None
    initiative_id: str | None = None
    gpu_hours: float | None = None


class MeasuredTeam(Measurements, frozen=True, kw_only=True):
    """A team of a breakdown."""

    __aliases__ = {"initiative_id": "id", "team_id": "id", "total_gpu_hours": "gpu_hours"}

    id: str | None = None
    name: str | None = None
    gpu_hours: float | None = None
    workload_count: int | None = None
    active_workloads: int | None = None


class GlobalMetrics(Measurements, frozen=True, kw_only=True):
    """The metrics of an organisation, a team or a cluster."""

    total_gpu_hours: float | None = None
    active_workloads: int | None = None
    team_breakdown: list[MeasuredTeam] = []


class StatsGroup(Model, frozen=True, kw_only=True):
    """The workloads that have one value of a dimension, or one of several dimensions, in common."""

    #: The values, `` / `` between several; None for the workloads that have none.
    key: str | None = None
    submitted_by: str | None = None
    initiative_id: str | None = None
    instance_type: str | None = None
    workload_count: int
    gpu_hours: float | None = None
    #: The part that completed, 0 to 1.
    success_rate: float | None = None

    @classmethod
    def __complete__(cls, fields: dict[str, Any]) -> dict[str, Any]:
        values = [str(fields[name]) for name in get_args(StatsDimension) if name in fields]
        return {"key": " / ".join(values), **fields} if values else fields


class WorkloadStats(Model, frozen=True, kw_only=True):
    """What the workloads of a span of time add up to."""

    __nested__ = ("summary",)
    __aliases__ = {"total_workloads": "total"}

    total: int
    #: Status, such as ``RUNNING``, → workloads.
    by_status: dict[str, int] = {}
    #: Class, such as ``RESERVED``, → workloads.
    by_job_class: dict[str, int] = {}
    total_gpu_hours: float | None = None
    #: Seconds.
    average_duration_seconds: float | None = None
    #: The part that completed, 0 to 1.
    success_rate: float | None = None
    grouped: list[StatsGroup] = []

    @classmethod
    def __complete__(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Statuses and classes in one case, whichever the server has."""
        counts = {"by_status": JobStatus, "by_job_class": JobClass}
        return {name: _named(value, counts[name]) if name in counts else value for name, value in fields.items()}


def _averaged(value: Any) -> Any:
    return {"avg": value} if isinstance(value, int | float) else value


def _summary(value: Any) -> MetricSummary | None:
    """A metric that has no field here, if it is one."""
    if not isinstance(value, dict) or "avg" not in value:
        return None
    try:
        return wire.understood(value, MetricSummary)
    except wire.NotUnderstood:
        return None


def _named(counts: Any, enumeration: type[OpenEnum]) -> Any:
    """Counts by the enumeration's own words; as they came where that would lose any."""
    if not isinstance(counts, Mapping):
        return counts
    named = {str(enumeration(word)) if word else word: count for word, count in counts.items()}
    return named if len(named) == len(counts) else counts
