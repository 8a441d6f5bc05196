"""GPU metrics and statistics of Chamber workloads.

::

    from chamber.core import ChamberClient

    with ChamberClient() as client:
        metrics = client.get_workload_metrics("wl_abc123")
        print(metrics.gpu_utilization.avg)
"""

from chamber.metrics.batch import BatchMetrics
from chamber.metrics.models import (
    DataPoint,
    GlobalMetrics,
    MeasuredTeam,
    MeasuredWorkload,
    Measurements,
    MetricSummary,
    StatsGroup,
    WorkloadMetrics,
    WorkloadStats,
)

__all__ = [
    "BatchMetrics",
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
