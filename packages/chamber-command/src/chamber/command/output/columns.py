"""Which facts of which things are worth a column: one table for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from chamber.command.output.cells import Seconds

__all__ = [
    "ALLOCATIONS",
    "CAPACITY",
    "GROUPS",
    "METRICS",
    "PLUGINS",
    "RANKING",
    "REGISTRIES",
    "SETTINGS",
    "SUBMISSIONS",
    "TEAMS",
    "TEMPLATES",
    "WORKLOADS",
    "Columns",
]

#: Heading → what stands below it for a value.
Columns = Mapping[str, Callable[[Any], Any]]


def _attributes(**names: str) -> dict[str, Callable[[Any], Any]]:
    return {heading: attrgetter(name) for heading, name in names.items()}


def _items(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: _item(name) for name in names}


def _item(name: str) -> Callable[[Any], Any]:
    return lambda row: row.get(name)


def _ran(workload: Any) -> Seconds | None:
    """How long a workload has run, or runs."""
    if workload.duration_seconds is not None:
        return Seconds(workload.duration_seconds)
    if workload.started_at is None or (workload.completed_at is None and workload.is_terminal):
        return None
    return Seconds(((workload.completed_at or datetime.now(UTC)) - workload.started_at).total_seconds())


WORKLOADS: Columns = {
    **_attributes(
        id="id",
        name="name",
        status="status",
        job_class="job_class",
        gpus="requested_gpus",
        gpu_type="gpu_type",
        team="initiative_id",
        submitted="submitted_at",
    ),
    "ran": _ran,
}
TEAMS: Columns = _attributes(id="id", name="name", parent="parent_id", description="description")
TEMPLATES: Columns = _attributes(
    id="id", name="name", scope="scope", gpus="requested_gpus", gpu_type="gpu_type", description="description"
)
ALLOCATIONS: Columns = _attributes(
    id="id",
    team="initiative_id",
    reservation="reservation_id",
    instances="allocated_instances",
    status="status",
    created="created_at",
)
PLUGINS: Columns = _attributes(name="name", distribution="distribution", version="version", state="state", adds="adds")
GROUPS: Columns = _attributes(key="key", workloads="workload_count", gpu_hours="gpu_hours", success_rate="success_rate")
RANKING: Columns = {
    **_attributes(id="id", name="name"),
    "gpu_utilization": lambda row: row.gpu_utilization.avg,
    "memory_utilization": lambda row: row.memory_utilization.avg,
    "power_usage": lambda row: row.power_usage.avg,
    "gpu_hours": lambda row: row.gpu_hours,
}
METRICS: Columns = _items("metric", "avg", "min", "max", "current")
REGISTRIES: Columns = _items("name", "url", "default")
SETTINGS: Columns = _items("key", "value", "source")
SUBMISSIONS: Columns = _attributes(
    id="external_id", name="name", submitted="time", api_url="api_url", organization="organization_id"
)
CAPACITY: Columns = _items(
    "kind", "id", "name", "gpu_type", "gpus", "used", "available", "allocated_hours", "used_hours", "remaining_hours"
)
