"""GPU metrics and statistics of Chamber workloads.

::

    from chamber.core import ChamberClient

    with ChamberClient() as client:
        metrics = client.get_workload_metrics("wl_abc123")
        print(metrics.gpu_utilization.avg)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chamber.core.lazy import lazily

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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

_HOMES = {
    "BatchMetrics": "chamber.metrics.batch",
    "DataPoint": "chamber.metrics.models",
    "GlobalMetrics": "chamber.metrics.models",
    "MeasuredTeam": "chamber.metrics.models",
    "MeasuredWorkload": "chamber.metrics.models",
    "Measurements": "chamber.metrics.models",
    "MetricSummary": "chamber.metrics.models",
    "StatsGroup": "chamber.metrics.models",
    "WorkloadMetrics": "chamber.metrics.models",
    "WorkloadStats": "chamber.metrics.models",
}

__getattr__: Callable[[str], Any]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazily(__name__, _HOMES)
