"""The documented dialect's objects: snake_case in an envelope, lower-case statuses, its own names for some fields.

They are filled from `views.facts` and from what is stored, whose names they have on our side.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from chamber.local.api.views import Series
from chamber.local.storage.samples import Summary
from chamber.local.workloads import JobClass

__all__ = [
    "Aggregation",
    "Allocation",
    "Allocations",
    "Answered",
    "BatchMetrics",
    "Bucket",
    "Capacity",
    "CapacitySums",
    "Change",
    "Detail",
    "GlobalMetrics",
    "Group",
    "Health",
    "Hours",
    "Measured",
    "Page",
    "Paged",
    "PoolUse",
    "Refusal",
    "Refused",
    "SearchResult",
    "Statistics",
    "Sums",
    "Team",
    "TeamRow",
    "TeamUse",
    "Teams",
    "Template",
    "Templates",
    "Workload",
    "WorkloadMetrics",
    "WorkloadRow",
    "WorkloadWithHistory",
    "Workloads",
]

T = TypeVar("T")
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
StatusName = Literal["pending", "queued", "starting", "running", "completed", "failed", "preempted", "cancelled"]


class Answered(Struct, Generic[T]):
    """The envelope of every success."""

    data: T
    request_id: str


class Paged(Struct, Generic[T]):
    """The envelope of a listing."""

    data: T
    metadata: "Page"
    request_id: str


class Page(Struct):
    next_token: str | None
    total_count: int


class Refused(Struct):
    """The envelope of every refusal."""

    error: "Refusal"
    request_id: str


class Refusal(Struct):
    code: str
    message: str
    details: "list[Detail]"


class Detail(Struct):
    field: str
    message: str


class Health(Struct):
    status: Literal["healthy"]
    version: str
    timestamp: Moment


class Workload(Struct, kw_only=True):
    id: str = field(name="workload_id")
    name: str
    status: StatusName
    job_class: JobClass
    priority: int
    requested_gpus: float = field(name="gpu_count")
    gpu_type: str
    instance_type: str
    initiative_id: str
    submitted_by: str
    submitted_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    duration_seconds: float | None
    gpu_hours_used: float | None
    failure_reason: str | None
    exit_code: int | None
    external_id: str | None
    metadata: dict[str, Any]
    tags: dict[str, str]
    allocation_id: str | None
    template_id: str | None
    capacity_pool_id: str | None
    distribution_mode: str | None
    scaling_mode: str | None
    gpus_per_pod: int | None
    requested_pods: int | None
    min_pods: int | None
    is_managed: bool
    cluster_id: str
    namespace: str


class WorkloadWithHistory(Workload, kw_only=True):
    """A workload with chamber-local's own `status_history`, oldest first."""

    status_history: "list[Change]"


class Change(Struct):
    status: StatusName
    at: Moment
    reason: str | None


class Workloads(Struct):
    workloads: list[Workload]


class SearchResult(Struct):
    items: list[Workload]
    total_count: int
    returned_count: int
    has_more: bool
    next_cursor: str | None


class Bucket(Struct):
    key: str
    count: int


class Aggregation(Struct):
    dimension: str
    buckets: list[Bucket]
    total: int


class Sums(Struct):
    total_workloads: int
    total_gpu_hours: float
    average_duration_seconds: float
    success_rate: float


class Group(Struct, kw_only=True):
    submitted_by: str | UnsetType = UNSET
    initiative_id: str | UnsetType = UNSET
    instance_type: str | UnsetType = UNSET
    workload_count: int
    gpu_hours: float
    success_rate: float


class Statistics(Struct):
    summary: Sums
    grouped: list[Group]


class Measured(Struct, Generic[T], kw_only=True):
    """Metrics; the last two are chamber-local's own. What was not measured is null, what was not asked is absent."""

    gpu_utilization: T | UnsetType | None = UNSET
    memory_utilization: T | UnsetType | None = UNSET
    temperature: T | UnsetType | None = UNSET
    power_usage: T | UnsetType | None = UNSET
    gpu_usage: T | UnsetType | None = UNSET
    cpu_utilization: T | UnsetType | None = UNSET
    memory_bytes: T | UnsetType | None = UNSET


class WorkloadMetrics(Measured[Series], kw_only=True):
    workload_id: str
    time_range: str
    sample_count: int
    data_quality: str


class TeamRow(Measured[Summary], kw_only=True):
    initiative_id: str
    workload_count: int
    gpu_hours: float


class WorkloadRow(Measured[Summary], kw_only=True):
    workload_id: str
    name: str
    status: StatusName
    initiative_id: str
    gpu_hours: float


class GlobalMetrics(Measured[Summary], kw_only=True):
    time_range: str
    total_gpu_hours: float
    active_workloads: int
    team_breakdown: list[TeamRow]


class BatchMetrics(Struct, kw_only=True):
    time_range: str
    workloads: list[WorkloadRow] | UnsetType = UNSET
    teams: list[TeamRow] | UnsetType = UNSET


class Team(Struct):
    id: str
    name: str
    description: str | None
    parent_id: str | None
    tags: dict[str, str]
    created_at: Moment


class Teams(Struct):
    teams: list[Team]


class Template(Struct):
    id: str
    name: str
    scope: str
    description: str | None
    gpu_type: str | None
    requested_gpus: float | None
    k8s_manifest: str | None
    configuration: dict[str, Any]
    is_system: bool


class Templates(Struct):
    templates: list[Template]


class Allocation(Struct):
    id: str
    initiative_id: str
    reservation_id: str
    allocated_instances: int
    status: str
    created_at: Moment


class Allocations(Struct):
    allocations: list[Allocation]


class Hours(Struct, kw_only=True):
    allocated: float = field(name="allocated_gpu_hours")
    used: float = field(name="used_gpu_hours")
    remaining: float = field(name="remaining_gpu_hours")


class PoolUse(Hours, kw_only=True):
    """A pool; the last four are chamber-local's own."""

    id: str = field(name="pool_id")
    name: str
    instance_types: list[str]
    gpu_type: str
    total_gpus: int
    used_gpus: float
    available_gpus: float


class TeamUse(Hours, kw_only=True):
    initiative_id: str
    name: str


class CapacitySums(Struct):
    total_allocated_gpu_hours: float
    total_used_gpu_hours: float
    total_remaining_gpu_hours: float
    current_active_gpus: float


class Capacity(Struct):
    organization_id: str
    summary: CapacitySums
    pools: list[PoolUse]
    initiatives: list[TeamUse]
