"""What was measured, and what it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from chamber.core import wire
from chamber.core.enums import JobClass, JobStatus, OpenEnum
from chamber.core.facts import facts
from chamber.core.models import Model
from chamber.metrics import text
from chamber.metrics.choices import Metric, StatsDimension
from chamber.metrics.extras import extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

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

    @property
    def figures(self) -> dict[str, float | None]:
        """The four figures by name; from the points, where there are any, what the API left out."""
        told = {"avg": self.avg, "min": self.min, "max": self.max, "current": self.current}
        values = [point.value for point in self.data_points if point.value is not None]
        if not values or None not in told.values():
            return told
        latest = max((p for p in self.data_points if p.value is not None), key=lambda point: point.timestamp)
        found = {"avg": sum(values) / len(values), "min": min(values), "max": max(values), "current": latest.value}
        return {name: found[name] if figure is None else figure for name, figure in told.items()}


class Measurements(Model, frozen=True, kw_only=True):
    """The metrics of something. One that was not measured is an empty summary."""

    __nested__: ClassVar[tuple[str, ...]] = ("metrics",)

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

    def summary(self) -> str:
        """Each metric's figures with their units, a line each."""
        return text.summary(self.summaries)

    def sparkline(self, width: int = 40) -> str:
        """Each metric's course in at most `width` block characters and its figures, a line each, for a terminal.

        Utilisation goes from 0 to 100 percent, any other metric from its least value to its greatest.
        """
        return text.sparklines(self.summaries, width)

    def to_pandas(self) -> DataFrame:
        """The points as a time series: a column for each metric that has any, by aware UTC timestamps.

        Where no points were sent, the figures of every metric: one column, ``value``, by metric and figure.

        Raises MissingExtraError: pandas is not installed.
        """
        with extra("pandas", "pandas"):
            from chamber.metrics import frames
        return frames.series(self.summaries)

    def plot(self, title: str | None = None) -> Figure:
        """A panel for each metric: its course where points were sent, else its average, range and current value.

        The figure belongs to no window: ``savefig`` writes it, and a notebook shows it.

        Raises MissingExtraError: matplotlib is not installed.
        """
        with extra("plot", "matplotlib"):
            from chamber.metrics import figures
        return figures.measurements(title or self._title, self.summaries)

    def _repr_html_(self) -> str:
        """A row for each metric, and below it what is known beside the metrics."""
        from chamber.core import notebook

        others = {name: value for name, value in facts(self).items() if name not in {*METRICS, "extra"}}
        told = notebook.fields("", others) if others else ""
        return notebook.table(self._title, text.rows(self.summaries)) + told

    @property
    def _title(self) -> str:
        names = (getattr(self, "name", None), getattr(self, "id", None), self.extra.get("workload_id"))
        name = next((str(name) for name in names if name), None)
        return f"Metrics of {name}" if name else "Metrics"


class WorkloadMetrics(Measurements, frozen=True, kw_only=True):
    """The metrics of one workload."""

    #: How many measurements there are.
    sample_count: int | None = None
    #: The API's word on how complete or how real the measurements are.
    data_quality: str | None = None


class MeasuredWorkload(Measurements, frozen=True, kw_only=True):
    """A workload of a ranking."""

    __aliases__: ClassVar[Mapping[str, str]] = {"workload_id": "id"}

    id: str
    name: str | None = None
    status: JobStatus | None = None
    initiative_id: str | None = None
    gpu_hours: float | None = None


class MeasuredTeam(Measurements, frozen=True, kw_only=True):
    """A team of a breakdown."""

    __aliases__: ClassVar[Mapping[str, str]] = {"initiative_id": "id", "team_id": "id", "total_gpu_hours": "gpu_hours"}

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

    __nested__: ClassVar[tuple[str, ...]] = ("summary",)
    __aliases__: ClassVar[Mapping[str, str]] = {"total_workloads": "total"}

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

    @property
    def breakdown(self) -> list[StatsGroup]:
        """The groups that were asked for; else one for each status, for each class, or for all workloads."""
        return self._parts or [self._whole]

    def summary(self) -> str:
        """All workloads in a line, and then a line for each group."""
        return text.statistics(self, self._parts)

    def to_pandas(self) -> DataFrame:
        """A row for each group of `breakdown`, by its key.

        Raises MissingExtraError: pandas is not installed.
        """
        with extra("pandas", "pandas"):
            from chamber.metrics import frames
        return frames.groups(self.breakdown)

    def plot(self, title: str | None = None) -> Figure:
        """The workloads, GPU-hours and successes of each group of `breakdown`, as bars.

        The figure belongs to no window: ``savefig`` writes it, and a notebook shows it.

        Raises MissingExtraError: matplotlib is not installed.
        """
        with extra("plot", "matplotlib"):
            from chamber.metrics import figures
        return figures.groups(self.breakdown, title or "Workloads")

    @property
    def _parts(self) -> list[StatsGroup]:
        counts = self.by_status or self.by_job_class
        return self.grouped or [StatsGroup(key=word, workload_count=count) for word, count in counts.items()]

    @property
    def _whole(self) -> StatsGroup:
        return StatsGroup(
            key="all", workload_count=self.total, gpu_hours=self.total_gpu_hours, success_rate=self.success_rate
        )

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
