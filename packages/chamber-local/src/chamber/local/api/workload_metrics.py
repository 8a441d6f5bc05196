"""GET /workloads/{workload_id}/metrics.

Beside the documented GPU metrics there are two of chamber-local's own, `cpu_utilization` (percent of one core) and
`memory_bytes`. Without a GPU, none of the documented ones was measured.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chamber.local.api.services import Services, the_workload
from chamber.local.api.views import Point, Series, WorkloadMetrics
from chamber.local.api.windows import since
from chamber.local.clock import stamp
from chamber.local.storage import samples
from chamber.local.storage.samples import METRICS, Metric, Sample

__all__ = ["AskedMetrics", "workload_metrics"]


class AskedMetrics(msgspec.Struct, kw_only=True):
    """The stretch of time, and which metrics."""

    time_range: Literal["last_1h", "last_6h", "last_24h", "job_lifetime"] = "job_lifetime"
    metrics: tuple[Metric, ...] = ()


async def workload_metrics(parts: Services, workload_id: str, query: AskedMetrics) -> WorkloadMetrics:
    """Each metric as a summary with its data points."""
    workload = await the_workload(parts, workload_id)
    begin = since(query.time_range, parts.ledger.clock())
    taken = await parts.database.read(samples.of_workload, workload.id, begin)
    return WorkloadMetrics(
        workload_id=workload.id,
        time_range=query.time_range,
        samples=len(taken),
        quality=taken[-1].source if taken else "none",
        metrics={name: _series(name, taken) for name in query.metrics or METRICS},
    )


def _series(name: str, taken: Sequence[Sample]) -> Series | None:
    points = [(sample.at, value) for sample in taken if (value := getattr(sample, name)) is not None]
    if not points:
        return None
    values = [value for _, value in points]
    told = tuple(Point(stamp(at), value) for at, value in points)
    return Series(sum(values) / len(values), min(values), max(values), values[-1], told)
