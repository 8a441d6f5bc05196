"""What the API's answers become: dataclasses, made from what `chamber.core` reads in any dialect.

A field that the API does not send is None, and never a figure made up in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from chamber_sdk.conversion import Model
from chamber_sdk.enums import AllocationStatus, JobClass, JobStatus, Priority, ScalingMode

if TYPE_CHECKING:
    import chamber.core
    from chamber.metrics import MeasuredTeam

__all__ = [
    "AggregationBucket",
    "AggregationResult",
    "Allocation",
    "AllocationStatus",
    "Capacity",
    "CapacityBudget",
    "CapacityPool",
    "GlobalMetrics",
    "HealthStatus",
    "JobClass",
    "JobStatus",
    "MetricSummary",
    "PaginatedResponse",
    "Priority",
    "ScalingMode",
    "SubmitJobRequest",
    "Team",
    "Template",
    "Workload",
    "WorkloadMetrics",
    "WorkloadSearchResult",
    "WorkloadStats",
]


@dataclass(repr=False)
class Workload(Model, module="chamber.core.models"):
    """A job on GPUs. Times are aware and in UTC."""

    id: str
    name: str
    status: JobStatus
    job_class: JobClass | None
    priority: int | None
    requested_gpus: float | None
    gpu_type: str | None
    initiative_id: str | None
    submitted_by: str | None
    submitted_at: datetime | None
    external_id: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure_reason: str | None = None
    metadata: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    allocation_id: str | None = None
    capacity_pool_id: str | None = None
    template_id: str | None = None

    def __post_init__(self) -> None:
        if self.requested_gpus is not None:
            self.requested_gpus = float(self.requested_gpus)


@dataclass
class SubmitJobRequest:
    """What a job is submitted with."""

    name: str
    initiative_id: str
    gpu_type: str
    requested_gpus: float | None = None
    job_class: JobClass | str = JobClass.RESERVED
    priority: int | None = None
    external_id: str | None = None
    k8s_manifest: str | None = field(default=None, repr=False)
    metadata: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    allocation_id: str | None = None
    template_id: str | None = None
    #: ``auto`` or ``manual``.
    distribution_mode: str | None = None
    gpus_per_pod: int | None = None
    requested_pods: int | None = None
    scaling_mode: ScalingMode | str | None = None
    min_pods: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The request as plain data, without what is not set; ``client.submit_job(**request.to_dict())`` sends it."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        texts = {name: str(value) if isinstance(value, str) else value for name, value in told.items()}
        numbers = (int, float)
        return {name: value for name, value in texts.items() if value or isinstance(value, numbers)}


@dataclass(repr=False)
class WorkloadStats(Model, module="chamber.metrics.models"):
    """How many workloads a span of time has."""

    total: int
    by_status: dict[str, int] = field(default_factory=dict)
    by_job_class: dict[str, int] = field(default_factory=dict)


@dataclass(repr=False)
class MetricSummary(Model, module="chamber.metrics.models"):
    """What one metric was over a span of time: percent, degrees Celsius or watts."""

    avg: float | None
    min: float | None
    max: float | None
    current: float | None = None

    @classmethod
    def of(cls, model: Any) -> Self:
        """The figures of a summary; from its points, where it has any, those that the API left out."""
        return cls(**model.figures)


@dataclass(repr=False)
class WorkloadMetrics(Model, module="chamber.metrics.models"):
    """The metrics of a workload; None for one that was not measured."""

    gpu_utilization: MetricSummary | None = None
    memory_utilization: MetricSummary | None = None
    temperature: MetricSummary | None = None
    power_usage: MetricSummary | None = None
    sample_count: int | None = 0
    data_quality: str | None = None

    @classmethod
    def of(cls, model: Any) -> Self:
        """The metrics that `chamber.metrics` has of a workload."""
        return cls(
            _measured(model.gpu_utilization),
            _measured(model.memory_utilization),
            _measured(model.temperature),
            _measured(model.power_usage),
            model.sample_count,
            model.data_quality,
        )


@dataclass(repr=False)
class CapacityBudget(Model, module="chamber.core.models"):
    """GPU-hours."""

    allocated: float | None
    used: float | None
    available: float | None


@dataclass(repr=False)
class CapacityPool(Model, module="chamber.core.models"):
    """GPUs of one kind."""

    id: str
    name: str | None
    gpu_type: str | None
    total_gpus: float | None
    used_gpus: float | None
    available_gpus: float | None


@dataclass(repr=False)
class Capacity(Model, module="chamber.core.models"):
    """What GPUs there are, and what may still be used of them."""

    budget: CapacityBudget
    pools: list[CapacityPool] = field(default_factory=list)

    @classmethod
    def of(cls, model: Any) -> Self:
        """The budget and the pools."""
        return cls(CapacityBudget.of(model.budget), [CapacityPool.of(pool) for pool in model.pools])


@dataclass(repr=False)
class HealthStatus(Model, module="chamber.core.models"):
    """Whether the API works."""

    status: str
    version: str | None = None
    timestamp: datetime | None = None


@dataclass
class PaginatedResponse:
    """One page of workloads. Iterating goes over its items."""

    items: list[Workload]
    next_token: str | None = None
    total_count: int | None = None

    def __iter__(self) -> Iterator[Workload]:
        return iter(self.items)

    @classmethod
    def of(cls, page: chamber.core.PaginatedResponse[chamber.core.Workload]) -> Self:
        """The page that `chamber.core` has."""
        return cls([Workload.of(item) for item in page.items], page.next_token, page.total_count)


@dataclass(repr=False)
class Team(Model, module="chamber.admin.models"):
    """Those who share GPUs."""

    id: str
    name: str
    description: str | None = None
    parent_id: str | None = None
    tags: dict[str, str] | None = None
    created_at: datetime | None = None


@dataclass(repr=False)
class Template(Model, module="chamber.admin.models"):
    """A workload prepared for submitting."""

    id: str
    name: str
    scope: str | None
    description: str | None = None
    gpu_type: str | None = None
    requested_gpus: float | None = None
    k8s_manifest: str | None = None
    configuration: dict[str, Any] | None = None


@dataclass(repr=False)
class Allocation(Model, module="chamber.admin.models"):
    """Instances of a reservation that a team may use."""

    id: str
    initiative_id: str | None
    reservation_id: str | None
    allocated_instances: int | None
    status: AllocationStatus | None
    created_at: datetime | None = None


@dataclass(repr=False)
class WorkloadSearchResult(Model, module="chamber.core.models"):
    """One page of a search. Iterating goes over its items."""

    items: list[Workload]
    total_count: int | None
    returned_count: int | None
    has_more: bool
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[Workload]:
        return iter(self.items)

    @classmethod
    def of(cls, model: Any) -> Self:
        """The page that `chamber.core` has."""
        items = [Workload.of(item) for item in model.items]
        return cls(items, model.total_count, model.returned_count, model.has_more, model.next_cursor)


@dataclass(repr=False)
class AggregationBucket(Model, module="chamber.core.models"):
    """How many workloads have one value of a dimension."""

    key: str
    count: int


@dataclass(repr=False)
class AggregationResult(Model, module="chamber.core.models"):
    """Workloads counted by a dimension."""

    dimension: str
    buckets: list[AggregationBucket]
    total: int

    @classmethod
    def of(cls, model: Any) -> Self:
        """The counts that `chamber.core` has."""
        return cls(model.dimension, [AggregationBucket.of(bucket) for bucket in model.buckets], model.total)


@dataclass(repr=False)
class GlobalMetrics(Model, module="chamber.metrics.models"):
    """The metrics of an organisation or a team; None for one that was not measured."""

    gpu_utilization: MetricSummary | None = None
    memory_utilization: MetricSummary | None = None
    power_usage: MetricSummary | None = None
    total_gpu_hours: float | None = 0.0
    active_workloads: int | None = 0
    team_breakdown: list[dict[str, Any]] | None = None

    @classmethod
    def of(cls, model: Any) -> Self:
        """The metrics that `chamber.metrics` has."""
        return cls(
            _measured(model.gpu_utilization),
            _measured(model.memory_utilization),
            _measured(model.power_usage),
            model.total_gpu_hours,
            model.active_workloads,
            [_row(team) for team in model.team_breakdown],
        )


def _measured(summary: Any) -> MetricSummary | None:
    return MetricSummary.of(summary) if summary else None


def _row(team: MeasuredTeam) -> dict[str, Any]:
    """A team of a breakdown as the API words it."""
    metrics = {name: summary.figures for name, summary in team.summaries.items()}
    told = {"initiative_id": team.id, "name": team.name, "gpu_hours": team.gpu_hours}
    told |= {"workload_count": team.workload_count, "active_workloads": team.active_workloads}
    return {**team.extra, **{name: value for name, value in told.items() if value is not None}, **metrics}
