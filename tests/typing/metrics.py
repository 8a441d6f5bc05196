"""What a type checker sees of the methods of metrics, on both faces."""

from typing import assert_type

from chamber.core import AsyncChamberClient, ChamberClient
from chamber.metrics.batch import BatchMetrics
from chamber.metrics.models import GlobalMetrics, WorkloadMetrics, WorkloadStats


def blocking(client: ChamberClient) -> None:
    assert_type(client.get_workload_metrics("wl_1", metrics=["gpu_utilization"]), WorkloadMetrics)
    assert_type(client.get_global_metrics(group_by="initiative_id"), GlobalMetrics)
    assert_type(client.get_batch_workload_metrics(["RUNNING"], limit=5), BatchMetrics)
    assert_type(client.get_workload_stats("last_30_days"), WorkloadStats)


async def awaiting(client: AsyncChamberClient) -> None:
    assert_type(await client.get_workload_metrics("wl_1"), WorkloadMetrics)
    assert_type(await client.get_workload_stats(), WorkloadStats)
