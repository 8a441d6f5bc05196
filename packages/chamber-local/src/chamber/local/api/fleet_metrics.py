"""Metrics over many workloads: GET /metrics and GET /workloads/metrics."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from chamber.local.api.asked import Filters, Order, Span, StatusWord, statuses
from chamber.local.api.services import Services
from chamber.local.api.views import CLUSTER, FleetMetrics, FleetRow, GlobalMetrics
from chamber.local.api.windows import since
from chamber.local.storage import queries, samples, statistics
from chamber.local.storage.queries import Filter
from chamber.local.storage.samples import METRICS, Summary
from chamber.local.workloads import HOLDING

__all__ = ["AskedBatch", "AskedGlobal", "batch_metrics", "global_metrics"]

_SCANNED = 1000


class AskedGlobal(msgspec.Struct, kw_only=True):
    """The stretch of time, the filters, and whether teams are told apart."""

    time_range: Span = "last_24h"
    initiative_id: Filters = ()
    cluster_id: str | None = None
    group_by: Literal["initiative_id"] | msgspec.UnsetType = msgspec.UNSET


class AskedBatch(msgspec.Struct, kw_only=True):
    """The same, and which are told first."""

    status: tuple[StatusWord, ...] = ()
    initiative_id: Filters = ()
    time_range: Span | Literal["last_7_days", "last_30_days"] = "last_24h"
    sort_by: Literal["gpu_utilization", "memory_utilization", "power_usage", "gpu_hours"] = "gpu_utilization"
    order: Order = "desc"
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 10
    group_by: Literal["initiative_id"] | msgspec.UnsetType = msgspec.UNSET


async def global_metrics(parts: Services, query: AskedGlobal) -> GlobalMetrics:
    """Metrics of the organisation or of a team; `group_by=initiative_id` adds a breakdown by team."""
    now = parts.ledger.clock()
    begin = since(query.time_range, now) or now
    elsewhere = query.cluster_id not in {None, CLUSTER}
    chosen = parts.seen(Filter(initiative_id=query.initiative_id, is_managed=False if elsewhere else None))
    active = msgspec.structs.replace(chosen, status=tuple(HOLDING) if chosen.status is None else ())
    measured = await parts.database.read(samples.summaries, chosen, begin, "''")
    return GlobalMetrics(
        time_range=query.time_range,
        metrics=measured.get("", dict.fromkeys(METRICS)),
        gpu_hours=sum((await _gpu_hours(parts, chosen, begin, now)).values()),
        active=await parts.database.read(queries.count, active),
        teams=await _teams(parts, chosen, begin, now) if query.group_by else (),
    )


async def batch_metrics(parts: Services, query: AskedBatch) -> FleetMetrics:
    """Metrics of several workloads, best or worst first; `group_by=initiative_id` gives teams instead."""
    now = parts.ledger.clock()
    begin = since(query.time_range, now) or now
    chosen = parts.seen(Filter(status=statuses(query.status), initiative_id=query.initiative_id))
    rows = await (_teams if query.group_by else _workloads)(parts, chosen, begin, now)
    ranked = _ranked(rows, query.sort_by, query.order)[: query.limit]
    return FleetMetrics(
        query.time_range, bool(query.group_by), ranked if query.group_by else await _named(parts, ranked)
    )


async def _teams(parts: Services, chosen: Filter, begin: datetime, now: datetime) -> tuple[FleetRow, ...]:
    measured = await parts.database.read(samples.summaries, chosen, begin, "initiative_id")
    hours = await _gpu_hours(parts, chosen, begin, now)
    counts = await parts.database.read(queries.count_by, "initiative_id", chosen)
    return tuple(
        FleetRow(team, measured.get(team, dict.fromkeys(METRICS)), hours.get(team, 0.0), count)
        for team, count in counts.items()
    )


async def _workloads(parts: Services, chosen: Filter, begin: datetime, now: datetime) -> tuple[FleetRow, ...]:
    """By their ids: those of the last that used or measured something."""
    seqs = await parts.database.read(queries.latest, chosen, _SCANNED)
    measured = await parts.database.read(samples.summaries_of, seqs, begin)
    hours = await parts.database.read(statistics.gpu_hours_of, seqs, begin, now)
    return tuple(
        FleetRow(held, measured.get(held, dict.fromkeys(METRICS)), hours.get(held, 0.0))
        for held in dict.fromkeys((*hours, *measured))
        if held
    )


async def _named(parts: Services, rows: Sequence[FleetRow]) -> tuple[FleetRow, ...]:
    """The rows with the workloads themselves."""
    return tuple([msgspec.structs.replace(row, of=await parts.ledger.get(str(row.of))) for row in rows])


async def _gpu_hours(parts: Services, chosen: Filter, begin: datetime, now: datetime) -> dict[str, float]:
    return await parts.database.read(statistics.gpu_hours_since, chosen, begin, now, "initiative_id")


def _ranked(rows: Sequence[FleetRow], sort_by: str, order: Order) -> tuple[FleetRow, ...]:
    """Those without the metric come last in either order."""

    def value(row: FleetRow) -> float | None:
        found: Summary | float | None = row.gpu_hours if sort_by == "gpu_hours" else row.metrics[sort_by]
        return found.avg if isinstance(found, Summary) else found

    with_value = [row for row in rows if value(row) is not None]
    without = [row for row in rows if value(row) is None]
    return (*sorted(with_value, key=lambda row: value(row) or 0.0, reverse=order == "desc"), *without)
