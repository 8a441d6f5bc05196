"""What a type checker sees of chamber_sdk: every call here must be accepted."""

from collections.abc import Generator
from datetime import datetime
from typing import Any, assert_type

import chamber.core
from chamber_sdk import (
    AggregationResult,
    Capacity,
    ChamberClient,
    DryRunResult,
    GlobalMetrics,
    HealthStatus,
    JobClass,
    JobStatus,
    ScalingMode,
    SubmitJobRequest,
    Team,
    Workload,
    WorkloadMetrics,
    WorkloadSearchResult,
    WorkloadStats,
)
from chamber_sdk.models import PaginatedResponse
from chamber_sdk.run import RegistryAuthError, detect_project
from chamber_sdk.run.detect import ProjectProfile


def methods(client: ChamberClient, time_range: str, order: str) -> None:
    assert_type(client.health(), HealthStatus)
    assert_type(client.submit_job("a", "ml", "H100", 1, JobClass.ELASTIC, scaling_mode=ScalingMode.GANG), Workload)
    assert_type(client.submit_job("a", "ml", "H100", scaling_mode="gang", job_class="ELASTIC"), Workload)
    assert_type(client.list_workloads([JobStatus.RUNNING, "FAILED"], sort_order=order), PaginatedResponse)
    assert_type(client.iter_workloads(JobStatus.RUNNING, limit=50), Generator[Workload, None, None])
    assert_type(client.search_workloads(["RUNNING"], sort_order=order), WorkloadSearchResult)
    assert_type(client.get_workload_aggregations("status"), AggregationResult)
    assert_type(client.wait_for_completion("wl_1", 1, None, [JobStatus.RUNNING]), Workload)
    assert_type(client.get_workload_stats(time_range), WorkloadStats)
    assert_type(client.get_workload_metrics("wl_1", time_range, ["temperature"]), WorkloadMetrics)
    assert_type(client.get_global_metrics(time_range=time_range), GlobalMetrics)
    assert_type(client.get_batch_workload_metrics(["RUNNING"], limit=5), dict[str, Any])
    assert_type(client.list_teams(), list[Team])
    assert_type(client.get_capacity("ml"), Capacity)
    assert_type(client.chamber, chamber.core.ChamberClient)
    assert_type(ChamberClient.from_config(timeout=3), ChamberClient)


def runs(client: ChamberClient, dry: bool) -> None:
    assert_type(client.run("./project", 4, "H100", "ml"), Workload)
    assert_type(client.run("./project", gpus=4, wait=True, env={"A": "b"}), Workload)
    assert_type(client.run("./project", dry_run=True), DryRunResult)
    assert_type(client.run("./project", dry_run=dry), Any)


def models(job: Workload, submitted: datetime) -> None:
    assert_type(Workload.from_dict({}), Workload)
    assert_type(job.to_dict(), dict[str, Any])
    job.name = "another"
    made = Workload("1", "n", JobStatus.RUNNING, JobClass.ELASTIC, 50, 1.0, "H100", "ml", "me", submitted)
    assert_type(made.status, JobStatus)
    assert_type(SubmitJobRequest("a", "ml", "H100").to_dict(), dict[str, Any])
    assert_type(detect_project("./project"), ProjectProfile)
    raise RegistryAuthError("ghcr.io", "denied")
