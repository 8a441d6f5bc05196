"""Chamber under the names of the vendor's package: code that was written for it runs as it is.

::

    from chamber_sdk import ChamberClient, JobStatus

    client = ChamberClient()
    for job in client.iter_workloads(status=JobStatus.RUNNING):
        print(job.name, job.requested_gpus)
"""

from typing import TYPE_CHECKING

from chamber_sdk.client import ChamberClient
from chamber_sdk.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ChamberError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from chamber_sdk.models import (
    AggregationBucket,
    AggregationResult,
    Allocation,
    AllocationStatus,
    Capacity,
    CapacityBudget,
    CapacityPool,
    GlobalMetrics,
    HealthStatus,
    JobClass,
    JobStatus,
    MetricSummary,
    PaginatedResponse,
    Priority,
    ScalingMode,
    SubmitJobRequest,
    Team,
    Template,
    Workload,
    WorkloadMetrics,
    WorkloadSearchResult,
    WorkloadStats,
)
from chamber_sdk.run import (
    DockerError,
    DryRunResult,
    ProjectProfile,
    get_configured_registries,
    get_default_registry_name,
)

__all__ = [
    "AggregationBucket",
    "AggregationResult",
    "Allocation",
    "AllocationStatus",
    "AuthenticationError",
    "AuthorizationError",
    "Capacity",
    "CapacityBudget",
    "CapacityPool",
    "ChamberClient",
    "ChamberError",
    "DockerError",
    "DryRunResult",
    "GlobalMetrics",
    "HealthStatus",
    "JobClass",
    "JobStatus",
    "MetricSummary",
    "NotFoundError",
    "PaginatedResponse",
    "Priority",
    "ProjectProfile",
    "RateLimitError",
    "ScalingMode",
    "ServerError",
    "SubmitJobRequest",
    "Team",
    "Template",
    "ValidationError",
    "Workload",
    "WorkloadMetrics",
    "WorkloadSearchResult",
    "WorkloadStats",
    "get_configured_registries",
    "get_default_registry_name",
]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name):
        """`__version__`: the distribution's."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("chamber-compat")
