"""GET /workloads/{workload_id}/metrics.

Beside the documented GPU metrics there are two of chamber-local's own, `cpu_utilization` (percent of one core) and
`memory_bytes`. What was not measured is null: without a GPU that is every documented one.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from chamber.local.api import requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import invalid
from chamber.local.api.services import services, the_workload
from chamber.local.api.windows import since
from chamber.local.clock import stamp
from chamber.local.storage import samples
from chamber.local.storage.samples import METRICS, Sample

__all__ = ["workload_metrics"]

_RANGES = ("last_1h", "last_6h", "last_24h", "job_lifetime")


class _Metrics(msgspec.Struct, kw_only=True):
    time_range: str = "job_lifetime"
    metrics: str | None = None


async def workload_metrics(request: web.Request) -> web.Response:
    """Each metric as a summary with its data points."""
    parts, asked = services(request), requests.query(request, _Metrics)
    workload, names = await the_workload(request), _names(asked.metrics)
    begin = since(asked.time_range, parts.ledger.clock(), _RANGES)
    taken = await parts.database.read(samples.of_workload, workload.id, begin)
    told = {
        "workload_id": workload.id,
        "time_range": asked.time_range,
        "sample_count": len(taken),
        "data_quality": taken[-1].source if taken else "none",
    }
    return answer(request, {**told, **{name: _summary(name, taken) for name in names}})


def _names(asked: str | None) -> tuple[str, ...]:
    names = requests.words(asked) or METRICS
    if unknown := [name for name in names if name not in METRICS]:
        raise invalid("metrics", f"{unknown[0]!r} is none of {', '.join(METRICS)}")
    return names


def _summary(name: str, taken: Sequence[Sample]) -> dict[str, Any] | None:
    points = [(sample.at, value) for sample in taken if (value := getattr(sample, name)) is not None]
    if not points:
        return None
    values = [value for _, value in points]
    return {
        "avg": sum(values) / len(values),
        "min": min(values),
        "max": max(values),
        "current": values[-1],
        "data_points": [{"timestamp": stamp(at), "value": value} for at, value in points],
    }
