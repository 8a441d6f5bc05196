"""Metrics of workloads, and statistics over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from chamber.core import validation
from chamber.core.errors import ValidationError
from chamber.core.filters import Statuses, by_status, words
from chamber.core.operations import Operations, operation
from chamber.core.paths import path
from chamber.metrics.batch import BatchMetrics
from chamber.metrics.choices import (
    BatchTimeRange,
    GlobalTimeRange,
    Metric,
    SortBy,
    SortOrder,
    StatsDimension,
    StatsTimeRange,
    WorkloadTimeRange,
)
from chamber.metrics.models import GlobalMetrics, WorkloadMetrics, WorkloadStats

__all__ = ["MetricsOperations"]


class MetricsOperations(Operations):
    """What workloads do with their GPUs."""

    @operation
    async def get_workload_metrics(
        self,
        workload_id: str,
        time_range: WorkloadTimeRange = "job_lifetime",
        metrics: Sequence[str] | str | None = None,
    ) -> WorkloadMetrics:
        """The GPU metrics of a workload; only those named in `metrics`, where it is given.

        Raises ValidationError: there is no such span of time or metric. Raises NotFoundError: no such workload.
        """
        _check("time_range", time_range, WorkloadTimeRange)
        params = {"time_range": time_range, "metrics": _chosen("metrics", metrics, Metric)}
        return await self.request("GET", path("workloads", workload_id, "metrics"), WorkloadMetrics, params=params)

    @operation
    async def get_global_metrics(
        self,
        initiative_id: str | None = None,
        time_range: GlobalTimeRange = "last_24h",
        cluster_id: str | None = None,
        group_by: str | None = None,
    ) -> GlobalMetrics:
        """The metrics of the organisation, of one team or of one cluster.

        `group_by`, such as ``initiative_id``, asks for a breakdown. Raises ValidationError: there is no such span.
        """
        _check("time_range", time_range, GlobalTimeRange)
        params = {
            "time_range": time_range,
            "initiative_id": initiative_id,
            "cluster_id": cluster_id,
            "group_by": group_by,
        }
        return await self.request("GET", path("metrics"), GlobalMetrics, params=params)

    @operation
    async def get_batch_workload_metrics(
        self,
        status: Statuses | None = None,
        initiative_id: str | None = None,
        time_range: BatchTimeRange = "last_24h",
        sort_by: SortBy = "gpu_utilization",
        sort_order: SortOrder = "desc",
        limit: int = 10,
        group_by: str | None = None,
    ) -> BatchMetrics:
        """The metrics of many workloads, in order of one of them; of teams with ``group_by="initiative_id"``.

        `status` is one, several, or several comma-separated; `limit` is 1 to 50.

        Raises ValidationError: an argument is outside its bounds.
        """
        _check("time_range", time_range, BatchTimeRange)
        _check("sort_by", sort_by, SortBy)
        _check("sort_order", sort_order, SortOrder)
        validation.number("limit", limit, 1, 50)
        params = {
            "initiative_id": initiative_id,
            "time_range": time_range,
            "sort_by": sort_by,
            "order": sort_order,
            "sort_order": sort_order,
            "limit": limit,
            "group_by": group_by,
        }
        with self._transport.within():
            return await by_status(
                self._transport.dialect, status, lambda spelt: _batch(self, {**params, "status": spelt}), _has_rows
            )

    @operation
    async def get_workload_stats(
        self,
        time_range: StatsTimeRange = "last_7_days",
        initiative_id: str | None = None,
        start_time: str | datetime | None = None,
        end_time: str | datetime | None = None,
        group_by: Sequence[str] | str | None = None,
    ) -> WorkloadStats:
        """What the workloads of a span of time add up to, of one team or of all.

        `start_time` and `end_time`, ISO 8601, go with ``time_range="custom"``. `group_by` is one or several of
        ``submitted_by``, ``initiative_id`` and ``instance_type``.

        Raises ValidationError: there is no such span or group, or its times are missing or not asked for.
        """
        _check("time_range", time_range, StatsTimeRange)
        params = {
            "time_range": time_range,
            "initiative_id": initiative_id,
            **_between(time_range, start_time, end_time),
            "group_by": _chosen("group_by", group_by, StatsDimension),
        }
        return await self.request("GET", path("workloads", "stats"), WorkloadStats, params=params)


async def _batch(operations: Operations, params: Mapping[str, object]) -> BatchMetrics:
    return await operations.request("GET", path("workloads", "metrics"), BatchMetrics, params=params)


def _has_rows(batch: BatchMetrics) -> bool:
    return batch.has_rows


def _check(name: str, value: str, choices: Any) -> None:
    validation.one_of(name, value, get_args(choices))


def _chosen(name: str, given: Sequence[str] | str | None, choices: Any) -> list[str] | None:
    chosen = words(given)
    for word in chosen:
        _check(name, word, choices)
    return chosen or None


def _between(time_range: str, start: object, end: object) -> dict[str, object]:
    """A custom span of time in both spellings of the API."""
    if time_range == "custom" and not (start and end):
        raise ValidationError("time_range='custom' needs start_time and end_time: pass both, ISO 8601")
    if time_range != "custom" and (start is not None or end is not None):
        raise ValidationError(f"start_time and end_time go with time_range='custom', not with {time_range!r}")
    return {"start_date": start, "end_date": end, "start_time": start, "end_time": end}
