"""GPU metrics and statistics of Chamber workloads.

::

    from chamber.core import ChamberClient

    with ChamberClient() as client:
        metrics = client.get_workload_metrics("wl_abc123")
        print(metrics.gpu_utilization.avg)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
