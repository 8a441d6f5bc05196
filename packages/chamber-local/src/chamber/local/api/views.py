"""What handlers answer, before a dialect puts it into words."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from chamber.local.clock import stamp
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.storage.samples import Summary
from chamber.local.storage.statistics import Totals
from chamber.local.workloads import Event, Pool, Workload

__all__ = [
    "CLUSTER",
    "Aggregation",
    "Allocations",
    "Cancelled",
    "Capacity",
    "FleetMetrics",
    "FleetRow",
    "GlobalMetrics",
    "Health",
    "Hours",
    "Point",
    "PoolUse",
    "SearchPage",
    "Series",
    "Shown",
    "Statistics",
    "Submitted",
    "TeamUse",
    "Teams",
    "Templates",
    "WorkloadMetrics",
    "WorkloadPage",
    "facts",
    "number",
]

#: Where every workload of this machine is said to run.
CLUSTER, NAMESPACE = "local", "default"


class Health(msgspec.Struct, frozen=True):
    """The server is there."""

    version: str
    at: datetime


class Shown(msgspec.Struct, frozen=True):
    """One workload with its history, as of `at`."""

    workload: Workload
    at: datetime
    history: tuple[Event, ...]


class Submitted(msgspec.Struct, frozen=True):
    """A workload that was accepted."""

    workload: Workload
    at: datetime


class Cancelled(msgspec.Struct, frozen=True):
    """A workload that was cancelled."""

    workload: Workload
    at: datetime


class WorkloadPage(msgspec.Struct, frozen=True):
    """A page of a listing; `first` tells the page that no token led to."""

    items: tuple[Workload, ...]
    at: datetime
    total: int
    next_token: str | None
    first: bool


class SearchPage(msgspec.Struct, frozen=True):
    """A page of a search."""

    items: tuple[Workload, ...]
    at: datetime
    total: int
    next_cursor: str | None


class Aggregation(msgspec.Struct, frozen=True):
    """Workloads counted by a dimension."""

    dimension: str
    counts: Mapping[str, int]
    total: int


class Statistics(msgspec.Struct, frozen=True):
    """Sums over workloads; `groups` are (field, value, sums)."""

    totals: Totals
    groups: tuple[tuple[str, str, Totals], ...]
    by_status: Mapping[str, int]
    by_job_class: Mapping[str, int]


class Point(msgspec.Struct, frozen=True):
    """One measured value."""

    timestamp: str
    value: float


class Series(Summary, frozen=True):
    """What one metric of one workload was, value by value."""

    data_points: tuple[Point, ...]


class WorkloadMetrics(msgspec.Struct, frozen=True):
    """The asked metrics of one workload; None is what was not measured."""

    workload_id: str
    time_range: str
    samples: int
    quality: str
    metrics: Mapping[str, Series | None]


class FleetRow(msgspec.Struct, frozen=True):
    """The metrics of one workload, or of a team and how many workloads it has."""

    of: Workload | str
    metrics: Mapping[str, Summary | None]
    gpu_hours: float
    workloads: int = 1


class GlobalMetrics(msgspec.Struct, frozen=True):
    """The metrics of many workloads as one, and by team where that was asked."""

    time_range: str
    metrics: Mapping[str, Summary | None]
    gpu_hours: float
    active: int
    teams: tuple[FleetRow, ...]


class FleetMetrics(msgspec.Struct, frozen=True):
    """The metrics of many workloads or teams, each by itself."""

    time_range: str
    by_team: bool
    rows: tuple[FleetRow, ...]


class Teams(msgspec.Struct, frozen=True):
    """All teams."""

    items: tuple[Team, ...]


class Templates(msgspec.Struct, frozen=True):
    """The templates that were asked for."""

    items: tuple[Template, ...]


class Allocations(msgspec.Struct, frozen=True):
    """The allocations that were asked for."""

    items: tuple[Allocation, ...]


class Hours(msgspec.Struct, frozen=True):
    """GPU-hours of a month; no more than `at_most` are left, whatever is allocated."""

    allocated: float
    used: float
    at_most: float = math.inf

    @property
    def remaining(self) -> float:
        """What is left."""
        return min(self.allocated - self.used, self.at_most)


class PoolUse(msgspec.Struct, frozen=True):
    """A pool, its GPU-hours, and the GPUs in use now."""

    pool: Pool
    hours: Hours
    used_gpus: float


class TeamUse(msgspec.Struct, frozen=True):
    """A team and its GPU-hours."""

    team: Team
    hours: Hours


class Capacity(msgspec.Struct, frozen=True):
    """What there is, and what of it is used; `budget` is that of the team that was asked for, else of all."""

    organization_id: str
    hours: Hours
    budget: Hours
    pools: tuple[PoolUse, ...]
    teams: tuple[TeamUse, ...]


def facts(held: Workload, at: datetime) -> dict[str, Any]:
    """What is told of a workload, under the names that the dialects choose from."""
    return {
        **msgspec.structs.asdict(held),
        "requested_gpus": number(held.requested_gpus),
        "submitted_at": stamp(held.submitted_at),
        "started_at": _moment(held.started_at),
        "completed_at": _moment(held.completed_at),
        "duration_seconds": held.seconds(at),
        "gpu_hours_used": held.gpu_hours(at),
        "instance_type": held.gpu_type,
        "is_managed": True,
        "cluster_id": CLUSTER,
        "namespace": NAMESPACE,
    }


def number(value: float) -> int | float:
    """Whole numbers without a fraction."""
    return int(value) if value == int(value) else value


def _moment(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
