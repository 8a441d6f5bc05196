"""The words that the API knows for its metrics, spans of time and orders."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "BatchTimeRange",
    "GlobalTimeRange",
    "Metric",
    "SortBy",
    "SortOrder",
    "StatsDimension",
    "StatsTimeRange",
    "WorkloadTimeRange",
]

Metric = Literal["gpu_utilization", "memory_utilization", "temperature", "power_usage", "gpu_usage"]

WorkloadTimeRange = Literal["last_1h", "last_6h", "last_24h", "job_lifetime"]
GlobalTimeRange = Literal["last_1h", "last_6h", "last_24h", "last_7d", "last_30d"]
#: Days are spelt in two ways in the API's own documents.
BatchTimeRange = Literal["last_1h", "last_6h", "last_24h", "last_7d", "last_30d", "last_7_days", "last_30_days"]
StatsTimeRange = Literal["today", "this_week", "this_month", "last_7_days", "last_30_days", "custom"]

StatsDimension = Literal["submitted_by", "initiative_id", "instance_type"]

SortBy = Literal["gpu_utilization", "memory_utilization", "power_usage", "gpu_hours"]
SortOrder = Literal["asc", "desc"]
