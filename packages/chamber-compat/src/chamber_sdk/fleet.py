"""What there is beside workloads: metrics, capacity, teams, templates, allocations, and the API's own health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chamber_sdk.connection import Connection
from chamber_sdk.models import (
    Allocation,
    Capacity,
    GlobalMetrics,
    HealthStatus,
    Team,
    Template,
    WorkloadMetrics,
    WorkloadStats,
)

__all__ = ["Fleet"]


class Fleet(Connection):
    """The methods that are about no single workload, or measure it."""

    def health(self) -> HealthStatus:
        """Check the health of the API."""
        return HealthStatus.of(self._core.health())

    def get_workload_stats(
        self,
        time_range: str = "last_7_days",
        initiative_id: str | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        group_by: Sequence[str] | None = None,
    ) -> WorkloadStats:
        """How many workloads a span of time has; `start_time` and `end_time` go with ``time_range="custom"``."""
        stats = self._core.get_workload_stats(time_range, initiative_id, start_time, end_time, group_by)
        return WorkloadStats.of(stats)

    def get_workload_metrics(
        self, workload_id: str, time_range: str = "job_lifetime", metrics: Sequence[str] | None = None
    ) -> WorkloadMetrics:
        """The GPU metrics of a workload; only those named in `metrics`, where it is given."""
        return WorkloadMetrics.of(self._core.get_workload_metrics(workload_id, time_range, metrics))

    def get_global_metrics(
        self,
        initiative_id: str | None = None,
        time_range: str = "last_24h",
        cluster_id: str | None = None,
        group_by: str | None = None,
    ) -> GlobalMetrics:
        """The metrics of the organisation, of one team or of one cluster."""
        found = self._core.get_global_metrics(initiative_id or None, time_range, cluster_id or None, group_by or None)
        return GlobalMetrics.of(found)

    def get_batch_workload_metrics(
        self,
        status: Sequence[str] | None = None,
        initiative_id: str | None = None,
        time_range: str = "last_24h",
        sort_by: str = "gpu_utilization",
        sort_order: str = "desc",
        limit: int = 10,
        group_by: str | None = None,
    ) -> dict[str, Any]:
        """The metrics of many workloads in order of one of them, or of teams, as the API words it; 1 to 50 rows."""
        found: dict[str, Any] = self._core.get_batch_workload_metrics(
            status, initiative_id or None, time_range, sort_by, sort_order, limit, group_by or None
        )
        return found

    def get_capacity(self, initiative_id: str | None = None) -> Capacity:
        """The GPUs and GPU-hours of the organisation, or of one team."""
        return Capacity.of(self._core.get_capacity(initiative_id))

    def list_teams(self) -> list[Team]:
        """Every team that this token may see."""
        return [Team.of(team) for team in self._core.list_teams()]

    def create_team(
        self,
        name: str,
        description: str | None = None,
        parent_id: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Team:
        """Make a team; `name` has 1 to 255 characters, `description` at most 1,000."""
        return Team.of(self._core.create_team(name, description or None, parent_id or None, tags or None))

    def get_team(self, team_id: str) -> Team:
        """The team with this id. Raises NotFoundError: there is none."""
        return Team.of(self._core.get_team(team_id))

    def list_templates(
        self, name: str | None = None, scope: str | None = None, include_system: bool = True
    ) -> list[Template]:
        """The templates whose name has `name` in it, of one scope or of all."""
        found = self._core.list_templates(name or None, scope or None, include_system)
        return [Template.of(template) for template in found]

    def get_template(self, template_id: str) -> Template:
        """The template with this id. Raises NotFoundError: there is none."""
        return Template.of(self._core.get_template(template_id))

    def list_allocations(self, initiative_id: str) -> list[Allocation]:
        """The allocations of the team `initiative_id`."""
        return [Allocation.of(allocation) for allocation in self._core.list_allocations(initiative_id)]

    def create_allocation(self, initiative_id: str, reservation_id: str, allocated_instances: int) -> Allocation:
        """Give a team instances of a reservation; `allocated_instances` is 1 or more."""
        return Allocation.of(self._core.create_allocation(initiative_id, reservation_id, allocated_instances))

    def get_allocation(self, allocation_id: str) -> Allocation:
        """The allocation with this id. Raises NotFoundError: there is none."""
        return Allocation.of(self._core.get_allocation(allocation_id))
