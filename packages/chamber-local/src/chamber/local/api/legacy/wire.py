"""The legacy dialect's objects: camelCase, `id`, and one wrapper or another.

They are filled from `views.facts` and from what is stored, whose names they have on our side. Metrics alone are in
snake_case, and leave out what was not measured.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from chamber.local.api.views import Series
from chamber.local.storage.samples import Summary
from chamber.local.workloads import JobClass, Status

__all__ = [
    "Aggregation",
    "Allocation",
    "Allocations",
    "BatchMetrics",
    "Bucket",
    "Budget",
    "Capacity",
    "Error",
    "FirstPage",
    "GlobalMetrics",
    "Health",
    "InBody",
    "InData",
    "InTeam",
    "InWorkload",
    "LaterPage",
    "Measured",
    "Message",
    "Metadata",
    "Pool",
    "Rows",
    "SearchResult",
    "Statistics",
    "Sums",
    "Team",
    "TeamRow",
    "Teams",
    "Template",
    "Templates",
    "Workload",
    "WorkloadMetrics",
    "WorkloadRow",
]

T = TypeVar("T")
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Health(Struct):
    status: Literal["healthy"]
    version: str
    timestamp: Moment


class Workload(Struct, kw_only=True, rename="camel"):
    id: str
    name: str
    status: Status
    job_class: JobClass
    priority: int
    requested_gpus: float
    gpu_type: str
    initiative_id: str
    submitted_by: str
    submitted_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    failure_reason: str | None
    external_id: str | None
    metadata: dict[str, Any]
    tags: dict[str, str]
    allocation_id: str | None
    capacity_pool_id: str | None
    template_id: str | None


class InWorkload(Struct):
    workload: Workload


class InBody(Struct):
    body: Workload


class FirstPage(Struct):
    workloads: list[Workload]
    metadata: "Metadata"


class Metadata(Struct):
    next_token: str | None
    total_count: int


class LaterPage(Struct):
    body: list[Workload]
    next_token: str | None


class SearchResult(Struct, rename="camel"):
    results: list[Workload]
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


class Statistics(Struct):
    summary: "Sums"


class Sums(Struct, rename="camel"):
    total: int
    by_status: dict[str, int]
    by_job_class: dict[str, int]


class Measured(Struct, Generic[T], kw_only=True):
    """The last two are chamber-local's own."""

    gpu_utilization: T | UnsetType = UNSET
    memory_utilization: T | UnsetType = UNSET
    temperature: T | UnsetType = UNSET
    power_usage: T | UnsetType = UNSET
    gpu_usage: T | UnsetType = UNSET
    cpu_utilization: T | UnsetType = UNSET
    memory_bytes: T | UnsetType = UNSET


class WorkloadMetrics(Struct):
    metrics: Measured[Series]
    sample_count: int
    data_quality: str


class TeamRow(Measured[Summary], kw_only=True):
    initiative_id: str
    workload_count: int
    gpu_hours: float


class WorkloadRow(Measured[Summary], kw_only=True):
    workload_id: str
    name: str
    status: Status
    initiative_id: str
    gpu_hours: float


class GlobalMetrics(
    Struct, rename={"gpu_hours": "totalGpuHours", "active": "activeWorkloads", "teams": "teamBreakdown"}
):
    metrics: Measured[Summary]
    gpu_hours: float
    active: int
    teams: list[TeamRow]


class BatchMetrics(Struct):
    data: "Rows"


class Rows(Struct, kw_only=True):
    workloads: list[WorkloadRow] | UnsetType = UNSET
    teams: list[TeamRow] | UnsetType = UNSET


class Team(Struct, rename="camel"):
    id: str
    name: str
    description: str | None
    parent_id: str | None
    tags: dict[str, str]
    created_at: Moment


class InTeam(Struct):
    team: Team


class Teams(Struct):
    teams: list[Team]


class Template(Struct, rename="camel"):
    id: str
    name: str
    scope: str
    description: str | None
    gpu_type: str | None
    requested_gpus: float | None
    k8s_manifest: str | None
    configuration: dict[str, Any]


class Templates(Struct):
    data: list[Template]


class Allocation(Struct, rename="camel"):
    id: str
    initiative_id: str
    reservation_id: str
    allocated_instances: int
    status: str
    created_at: Moment


class InData(Struct):
    data: Allocation


class Allocations(Struct):
    allocations: list[Allocation]


class Budget(Struct):
    """In GPU-hours."""

    allocated: float
    used: float
    available: float


class Pool(Struct, rename="camel"):
    id: str
    name: str
    gpu_type: str
    total_gpus: int
    used_gpus: float
    available_gpus: float


class Capacity(Struct):
    budget: Budget
    pools: list[Pool]


class Message(Struct):
    message: str


class Error(Struct):
    error: str
