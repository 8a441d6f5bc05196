"""What the API tells of: each thing once with all its fields as the wire has them, and what it is to become."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from chamber.admin import Allocation, Team, Template
from chamber.core import (
    AggregationBucket,
    AggregationResult,
    Capacity,
    CapacityBudget,
    CapacityPool,
    CapacitySummary,
    CapacityTeam,
    HealthStatus,
    Model,
    Workload,
)
from chamber.metrics import (
    DataPoint,
    GlobalMetrics,
    MeasuredTeam,
    MeasuredWorkload,
    MetricSummary,
    StatsGroup,
    WorkloadMetrics,
    WorkloadStats,
)

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
NOON_TEXT = "2026-01-15T12:00:00Z"

#: Keys of users are theirs, however much they look like ours.
USERS_OWN = {"Owner_Name": "ada", "camelKey": "v", "workload_id": "mine", "requestedGpus": "x", "status": "running"}


class Subject(NamedTuple):
    """One thing of the API."""

    #: As the wire has it: snake_case, upper case, the plainest name of each field.
    fields: dict[str, Any]
    becomes: Model
    #: Fields without which it is no such thing.
    required: tuple[str, ...] = ()
    #: Other names of fields.
    aliases: dict[str, str] = {}
    #: Fields whose words come in any case.
    words: tuple[str, ...] = ()
    #: Fields whose content is the user's.
    users: tuple[str, ...] = ()
    #: Keys under which one, or a list of them, is wrapped.
    envelopes: tuple[str, ...] = ()

    @property
    def least(self) -> Model:
        """What it becomes when it has no more than it must."""
        kept = {name: getattr(self.becomes, name) for name in self.required}
        return type(self.becomes)(**kept)


WORKLOAD = Subject(
    {
        "id": "wl_1",
        "name": "train",
        "status": "COMPLETED",
        "job_class": "ELASTIC",
        "priority": 50,
        "requested_gpus": 8,
        "gpu_type": "H100",
        "initiative_id": "team",
        "submitted_by": "ada@example.com",
        "submitted_at": NOON_TEXT,
        "started_at": "2026-01-15T13:00:00.000+01:00",
        "completed_at": "2026-01-15T12:00:00.000000Z",
        "failure_reason": "none",
        "external_id": "mine-1",
        "metadata": {"deep": {"data": {"workloads": []}}, **USERS_OWN},
        "tags": USERS_OWN,
        "allocation_id": "alloc_1",
        "capacity_pool_id": "pool_1",
        "template_id": "tmpl_1",
        "instance_type": "p4d.24xlarge",
        "duration_seconds": 3600,
        "gpu_hours_used": 8.0,
        "exit_code": 0,
        "is_managed": True,
        "cluster_id": "cluster_1",
        "namespace": "ml",
    },
    Workload(
        id="wl_1",
        name="train",
        status="COMPLETED",
        job_class="ELASTIC",
        priority=50,
        requested_gpus=8,
        gpu_type="H100",
        initiative_id="team",
        submitted_by="ada@example.com",
        submitted_at=NOON,
        started_at=NOON,
        completed_at=NOON,
        failure_reason="none",
        external_id="mine-1",
        metadata={"deep": {"data": {"workloads": []}}, **USERS_OWN},
        tags=USERS_OWN,
        allocation_id="alloc_1",
        capacity_pool_id="pool_1",
        template_id="tmpl_1",
        instance_type="p4d.24xlarge",
        duration_seconds=3600,
        gpu_hours_used=8.0,
        exit_code=0,
        is_managed=True,
        cluster_id="cluster_1",
        namespace="ml",
    ),
    required=("id", "name", "status"),
    aliases={"id": "workload_id", "requested_gpus": "gpu_count"},
    words=("status", "job_class"),
    users=("tags", "metadata"),
    envelopes=("workload", "workloads"),
)

TEAM = Subject(
    {
        "id": "team_1",
        "name": "ML",
        "description": "learns",
        "parent_id": "team_0",
        "tags": USERS_OWN,
        "created_at": NOON_TEXT,
    },
    Team(id="team_1", name="ML", description="learns", parent_id="team_0", tags=USERS_OWN, created_at=NOON),
    required=("id", "name"),
    aliases={"id": "initiative_id"},
    users=("tags",),
    envelopes=("team", "teams", "initiative", "initiatives"),
)

TEMPLATE = Subject(
    {
        "id": "tmpl_1",
        "name": "small",
        "scope": "ORGANIZATION",
        "description": "for trying",
        "gpu_type": "A100",
        "requested_gpus": 2,
        "k8s_manifest": "kind: Job",
        "configuration": USERS_OWN,
    },
    Template(
        id="tmpl_1",
        name="small",
        scope="ORGANIZATION",
        description="for trying",
        gpu_type="A100",
        requested_gpus=2,
        k8s_manifest="kind: Job",
        configuration=USERS_OWN,
    ),
    required=("id", "name"),
    aliases={"id": "template_id", "requested_gpus": "gpu_count"},
    words=("scope",),
    users=("configuration",),
    envelopes=("template", "templates"),
)

ALLOCATION = Subject(
    {
        "id": "alloc_1",
        "initiative_id": "team",
        "reservation_id": "res_1",
        "allocated_instances": 4,
        "status": "ACTIVE",
        "created_at": NOON_TEXT,
    },
    Allocation(
        id="alloc_1",
        initiative_id="team",
        reservation_id="res_1",
        allocated_instances=4,
        status="ACTIVE",
        created_at=NOON,
    ),
    required=("id",),
    aliases={"id": "allocation_id"},
    words=("status",),
    envelopes=("allocation", "allocations"),
)

COUNTS = Subject(
    {"dimension": "gpu_type", "buckets": [{"key": "H100", "count": 3}, {"key": "a100", "count": 1}], "total": 4},
    AggregationResult(
        dimension="gpu_type",
        buckets=[AggregationBucket(key="H100", count=3), AggregationBucket(key="a100", count=1)],
        total=4,
    ),
    required=("dimension", "buckets", "total"),
)

HEALTH = Subject(
    {"status": "healthy", "version": "1.2.3", "timestamp": NOON_TEXT},
    HealthStatus(status="healthy", version="1.2.3", timestamp=NOON),
    required=("status",),
)

CAPACITY = Subject(
    {
        "organization_id": "org",
        "summary": {
            "total_allocated_gpu_hours": 100.0,
            "total_used_gpu_hours": 40.0,
            "total_remaining_gpu_hours": 60.0,
            "current_active_gpus": 12,
        },
        "budget": {"allocated": 100.0, "used": 40.0, "available": 60.0},
        "pools": [
            {
                "id": "pool_1",
                "name": "east",
                "gpu_type": "H100",
                "total_gpus": 16,
                "used_gpus": 12.5,
                "available_gpus": 3.5,
                "allocated_gpu_hours": 100.0,
                "used_gpu_hours": 40.0,
                "remaining_gpu_hours": 60.0,
                "instance_types": ["p5.48xlarge"],
            }
        ],
        "initiatives": [
            {
                "initiative_id": "team",
                "name": "ML",
                "allocated_gpu_hours": 9.0,
                "used_gpu_hours": 4.0,
                "remaining_gpu_hours": 5.0,
            }
        ],
    },
    Capacity(
        organization_id="org",
        summary=CapacitySummary(
            total_allocated_gpu_hours=100.0,
            total_used_gpu_hours=40.0,
            total_remaining_gpu_hours=60.0,
            current_active_gpus=12,
        ),
        budget=CapacityBudget(allocated=100.0, used=40.0, available=60.0),
        pools=[
            CapacityPool(
                id="pool_1",
                name="east",
                gpu_type="H100",
                total_gpus=16,
                used_gpus=12.5,
                available_gpus=3.5,
                allocated_gpu_hours=100.0,
                used_gpu_hours=40.0,
                remaining_gpu_hours=60.0,
                instance_types=["p5.48xlarge"],
            )
        ],
        teams=[
            CapacityTeam(id="team", name="ML", allocated_gpu_hours=9.0, used_gpu_hours=4.0, remaining_gpu_hours=5.0)
        ],
    ),
    required=("pools",),
    envelopes=("capacity",),
)

USE = {"avg": 87.5, "min": 10, "max": 99.5, "current": 91.0}
POINTS = {**USE, "data_points": [{"timestamp": NOON_TEXT, "value": 87.5}, {"timestamp": NOON_TEXT, "value": None}]}
_USE = MetricSummary(**USE)
_POINTS = MetricSummary(**USE, data_points=[DataPoint(timestamp=NOON, value=87.5), DataPoint(timestamp=NOON)])
_METRICS = {
    "gpu_utilization": POINTS,
    "memory_utilization": USE,
    "temperature": USE,
    "power_usage": USE,
    "gpu_usage": USE,
}
_MEASURED: dict[str, Any] = {**dict.fromkeys(_METRICS, _USE), "gpu_utilization": _POINTS}

METRICS = Subject(
    {**_METRICS, "sample_count": 12, "data_quality": "good"},
    WorkloadMetrics(**_MEASURED, sample_count=12, data_quality="good"),
    required=("sample_count",),
)

GLOBAL_METRICS = Subject(
    {
        **_METRICS,
        "total_gpu_hours": 12.5,
        "active_workloads": 3,
        "team_breakdown": [{"initiative_id": "team", "gpu_hours": 2.0, "gpu_utilization": USE}],
    },
    GlobalMetrics(
        **_MEASURED,
        total_gpu_hours=12.5,
        active_workloads=3,
        team_breakdown=[MeasuredTeam(id="team", gpu_hours=2.0, gpu_utilization=_USE)],
    ),
    required=("active_workloads",),
)

RANKED = Subject(
    {"id": "wl_1", "name": "train", "status": "RUNNING", "initiative_id": "team", "gpu_hours": 8.0, **_METRICS},
    MeasuredWorkload(id="wl_1", name="train", status="RUNNING", initiative_id="team", gpu_hours=8.0, **_MEASURED),
    required=("id",),
    aliases={"id": "workload_id"},
    words=("status",),
    envelopes=("workloads",),
)

STATS = Subject(
    {
        "total": 4,
        "by_status": {"RUNNING": 3, "FAILED": 1},
        "by_job_class": {"ELASTIC": 4},
        "total_gpu_hours": 9.5,
        "average_duration_seconds": 60.0,
        "success_rate": 0.75,
        "grouped": [{"initiative_id": "team", "workload_count": 4, "gpu_hours": 9.5, "success_rate": 0.75}],
    },
    WorkloadStats(
        total=4,
        by_status={"RUNNING": 3, "FAILED": 1},
        by_job_class={"ELASTIC": 4},
        total_gpu_hours=9.5,
        average_duration_seconds=60.0,
        success_rate=0.75,
        grouped=[
            StatsGroup(key="team", initiative_id="team", workload_count=4, gpu_hours=9.5, success_rate=0.75),
        ],
    ),
    required=("total",),
    aliases={"total": "total_workloads"},
)
