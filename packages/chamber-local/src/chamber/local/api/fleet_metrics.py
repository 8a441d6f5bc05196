"""Metrics over many workloads: GET /metrics and GET /workloads/metrics."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from chamber.local.api import documented, requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import invalid
from chamber.local.api.services import Services, services
from chamber.local.api.windows import since
from chamber.local.storage import queries, samples, statistics
from chamber.local.storage.queries import Cut, Filter, Order
from chamber.local.storage.samples import METRICS, Summary
from chamber.local.workloads import HOLDING

__all__ = ["batch_metrics", "global_metrics"]

_Metrics = dict[str, Summary | None]
_SCANNED = 1000


class _Global(msgspec.Struct, kw_only=True):
    time_range: str = "last_24h"
    initiative_id: str | None = None
    cluster_id: str | None = None
    group_by: str | None = None


class _Batch(msgspec.Struct, kw_only=True):
    status: str | None = None
    initiative_id: str | None = None
    time_range: str = "last_24h"
    sort_by: Literal["gpu_utilization", "memory_utilization", "power_usage", "gpu_hours"] = "gpu_utilization"
    order: Order | None = None
    sort_order: Order | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 10
    group_by: str | None = None


async def global_metrics(request: web.Request) -> web.Response:
    """Metrics of the organisation or of a team; `group_by=initiative_id` adds a breakdown by team."""
    parts, asked = services(request), requests.query(request, _Global)
    now = parts.ledger.clock()
    begin, by_team = since(asked.time_range, now), _by_team(asked.group_by)
    chosen = Filter(
        initiative_id=requests.words(asked.initiative_id),
        is_managed=None if asked.cluster_id in {None, documented.CLUSTER} else False,
    )
    active = msgspec.structs.replace(chosen, status=tuple(HOLDING))
    data = {
        "time_range": asked.time_range,
        **(await _one(parts, chosen, begin)),
        "total_gpu_hours": sum((await _gpu_hours(parts, chosen, begin, now, "initiative_id")).values()),
        "active_workloads": await parts.database.read(queries.count, active),
        "team_breakdown": await _teams(parts, chosen, begin, now) if by_team else [],
    }
    return answer(request, data)


async def batch_metrics(request: web.Request) -> web.Response:
    """Metrics of several workloads, best or worst first; `group_by=initiative_id` gives teams instead."""
    parts, asked = services(request), requests.query(request, _Batch)
    now = parts.ledger.clock()
    begin, by_team = since(asked.time_range, now), _by_team(asked.group_by)
    chosen = Filter(
        status=tuple(documented.status_from(word) for word in requests.words(asked.status)),
        initiative_id=requests.words(asked.initiative_id),
    )
    rows = await (_teams if by_team else _workloads)(parts, chosen, begin, now)
    ranked = _ranked(rows, asked.sort_by, asked.order or asked.sort_order or "desc")[: asked.limit]
    return answer(request, {"time_range": asked.time_range, "teams" if by_team else "workloads": ranked})


def _by_team(group_by: str | None) -> bool:
    if group_by not in {None, "initiative_id"}:
        raise invalid("group_by", f"{group_by!r} is not initiative_id")
    return group_by is not None


async def _one(parts: Services, chosen: Filter, begin: datetime | None) -> _Metrics:
    found = await parts.database.read(samples.summaries, chosen, begin, "''")
    return found.get("", dict.fromkeys(METRICS))


async def _teams(parts: Services, chosen: Filter, begin: datetime | None, now: datetime) -> list[dict[str, Any]]:
    measured = await parts.database.read(samples.summaries, chosen, begin, "initiative_id")
    hours = await _gpu_hours(parts, chosen, begin, now, "initiative_id")
    counts = await parts.database.read(queries.count_by, "initiative_id", chosen)
    return [
        {
            "initiative_id": team,
            "workload_count": count,
            **measured.get(team, dict.fromkeys(METRICS)),
            "gpu_hours": hours.get(team, 0.0),
        }
        for team, count in counts.items()
    ]


async def _workloads(parts: Services, chosen: Filter, begin: datetime | None, now: datetime) -> list[dict[str, Any]]:
    measured = await parts.database.read(samples.summaries, chosen, begin, "workloads.id")
    hours = await _gpu_hours(parts, chosen, begin, now, "id")
    page = await parts.database.read(queries.page, chosen, Cut(limit=_SCANNED))
    return [
        {
            "workload_id": held.id,
            "name": held.name,
            "status": held.status.value.lower(),
            "initiative_id": held.initiative_id,
            **measured.get(held.id, dict.fromkeys(METRICS)),
            "gpu_hours": hours.get(held.id, 0.0),
        }
        for held in page.items
        if held.id in measured or held.id in hours
    ]


async def _gpu_hours(
    parts: Services, chosen: Filter, begin: datetime | None, now: datetime, key: str
) -> dict[str, float]:
    assert begin is not None
    return await parts.database.read(statistics.gpu_hours_since, chosen, begin, now, key)


def _ranked(rows: list[dict[str, Any]], sort_by: str, order: Order) -> list[dict[str, Any]]:
    """Those without the metric come last in either order."""

    def value(row: dict[str, Any]) -> float | None:
        found = row[sort_by]
        return found.avg if isinstance(found, Summary) else found

    with_value = [row for row in rows if value(row) is not None]
    without = [row for row in rows if value(row) is None]
    return sorted(with_value, key=lambda row: value(row) or 0.0, reverse=order == "desc") + without
