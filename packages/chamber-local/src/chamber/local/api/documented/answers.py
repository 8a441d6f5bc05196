"""From answers to the documented dialect's objects."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from chamber.local.api import views
from chamber.local.api.dialect import Shape, filled
from chamber.local.api.documented import wire
from chamber.local.api.errors import ApiError
from chamber.local.clock import stamp
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.storage.statistics import Totals
from chamber.local.workloads import Workload

__all__ = ["REFUSAL", "SHAPES"]


def _health(answer: views.Health) -> wire.Health:
    return wire.Health("healthy", answer.version, stamp(answer.at))


def _workload(held: Workload, at: datetime) -> wire.Workload:
    return filled(wire.Workload, views.facts(held, at), status=held.status.value.lower())


def _changed(answer: views.Submitted | views.Cancelled) -> wire.Workload:
    return _workload(answer.workload, answer.at)


def _shown(answer: views.Shown) -> wire.WorkloadWithHistory:
    history = [wire.Change(e.status.value.lower(), stamp(e.at), e.reason) for e in answer.history]  # type: ignore[arg-type]
    return filled(
        wire.WorkloadWithHistory,
        views.facts(answer.workload, answer.at),
        status=answer.workload.status.value.lower(),
        status_history=history,
    )


def _listed(answer: views.WorkloadPage, request_id: str) -> wire.Paged[wire.Workloads]:
    listed = wire.Workloads([_workload(held, answer.at) for held in answer.items])
    return wire.Paged(listed, wire.Page(answer.next_token, answer.total), request_id)


def _found(answer: views.SearchPage) -> wire.SearchResult:
    items, cursor = [_workload(held, answer.at) for held in answer.items], answer.next_cursor
    return wire.SearchResult(items, answer.total, len(items), cursor is not None, cursor)


def _counted(answer: views.Aggregation) -> wire.Aggregation:
    lower = answer.dimension == "status"
    buckets = [wire.Bucket(key.lower() if lower else key, count) for key, count in answer.counts.items()]
    return wire.Aggregation(answer.dimension, buckets, answer.total)


def _summed(answer: views.Statistics) -> wire.Statistics:
    totals = answer.totals
    sums = wire.Sums(totals.workloads, totals.gpu_hours, totals.average_seconds, totals.success_rate)
    return wire.Statistics(sums, [_group(*group) for group in answer.groups])


def _group(name: str, value: str, totals: Totals) -> wire.Group:
    sums = {
        "workload_count": totals.workloads,
        "gpu_hours": totals.gpu_hours,
        "success_rate": totals.success_rate,
    }
    return filled(wire.Group, sums, **{name: value})


def _measured(answer: views.WorkloadMetrics) -> wire.WorkloadMetrics:
    return filled(
        wire.WorkloadMetrics, asdict(answer), **answer.metrics, sample_count=answer.samples, data_quality=answer.quality
    )


def _organization(answer: views.GlobalMetrics) -> wire.GlobalMetrics:
    return filled(
        wire.GlobalMetrics,
        answer.metrics,
        time_range=answer.time_range,
        total_gpu_hours=answer.gpu_hours,
        active_workloads=answer.active,
        team_breakdown=[_team_row(row) for row in answer.teams],
    )


def _fleet(answer: views.FleetMetrics) -> wire.BatchMetrics:
    if answer.by_team:
        return wire.BatchMetrics(time_range=answer.time_range, teams=[_team_row(row) for row in answer.rows])
    return wire.BatchMetrics(time_range=answer.time_range, workloads=[_workload_row(row) for row in answer.rows])


def _team_row(row: views.FleetRow) -> wire.TeamRow:
    return filled(
        wire.TeamRow, row.metrics, initiative_id=row.of, workload_count=row.workloads, gpu_hours=row.gpu_hours
    )


def _workload_row(row: views.FleetRow) -> wire.WorkloadRow:
    assert isinstance(row.of, Workload)
    return filled(
        wire.WorkloadRow,
        row.metrics,
        workload_id=row.of.id,
        name=row.of.name,
        status=row.of.status.value.lower(),
        initiative_id=row.of.initiative_id,
        gpu_hours=row.gpu_hours,
    )


def _team(team: Team) -> wire.Team:
    return filled(wire.Team, asdict(team), created_at=stamp(team.created_at))


def _template(template: Template) -> wire.Template:
    gpus = template.requested_gpus
    return filled(wire.Template, asdict(template), requested_gpus=None if gpus is None else views.number(gpus))


def _allocation(allocation: Allocation) -> wire.Allocation:
    return filled(wire.Allocation, asdict(allocation), created_at=stamp(allocation.created_at))


def _teams(answer: views.Teams, request_id: str) -> wire.Paged[wire.Teams]:
    return wire.Paged(wire.Teams([_team(team) for team in answer.items]), _whole(answer.items), request_id)


def _templates(answer: views.Templates, request_id: str) -> wire.Paged[wire.Templates]:
    told = wire.Templates([_template(template) for template in answer.items])
    return wire.Paged(told, _whole(answer.items), request_id)


def _allocations(answer: views.Allocations, request_id: str) -> wire.Paged[wire.Allocations]:
    told = wire.Allocations([_allocation(allocation) for allocation in answer.items])
    return wire.Paged(told, _whole(answer.items), request_id)


def _whole(items: tuple[object, ...]) -> wire.Page:
    return wire.Page(None, len(items))


def _capacity(answer: views.Capacity) -> wire.Capacity:
    hours = answer.hours
    active = views.number(sum(use.used_gpus for use in answer.pools))
    sums = wire.CapacitySums(hours.allocated, hours.used, hours.remaining, active)
    pools, teams = [_pool(use) for use in answer.pools], [_team_use(use) for use in answer.teams]
    return wire.Capacity(answer.organization_id, sums, pools, teams)


def _pool(use: views.PoolUse) -> wire.PoolUse:
    return filled(
        wire.PoolUse,
        {**asdict(use.pool), **_hours(use.hours)},
        instance_types=[use.pool.gpu_type],
        used_gpus=views.number(use.used_gpus),
        available_gpus=views.number(use.pool.total_gpus - use.used_gpus),
    )


def _team_use(use: views.TeamUse) -> wire.TeamUse:
    return wire.TeamUse(initiative_id=use.team.id, name=use.team.name, **_hours(use.hours))


def _hours(hours: views.Hours) -> dict[str, float]:
    return {"allocated": hours.allocated, "used": hours.used, "remaining": hours.remaining}


def _refused(error: ApiError, request_id: str) -> wire.Refused:
    details = [wire.Detail(detail["field"], detail["message"]) for detail in error.details]
    return wire.Refused(wire.Refusal(error.code, error.message, details), request_id)


def _enveloped(kind: Any, render: Callable[[Any], Any], made: str | None = None) -> Shape:
    return Shape(wire.Answered[kind], lambda answer, request_id: wire.Answered(render(answer), request_id), made)


REFUSAL = Shape(wire.Refused, _refused)

SHAPES: Mapping[type, Shape] = {
    views.Health: _enveloped(wire.Health, _health),
    views.Shown: _enveloped(wire.WorkloadWithHistory, _shown),
    views.Submitted: _enveloped(wire.Workload, _changed, "/data/workload_id"),
    views.Cancelled: _enveloped(wire.Workload, _changed),
    views.WorkloadPage: Shape(wire.Paged[wire.Workloads], _listed),
    views.SearchPage: _enveloped(wire.SearchResult, _found),
    views.Aggregation: _enveloped(wire.Aggregation, _counted),
    views.Statistics: _enveloped(wire.Statistics, _summed),
    views.WorkloadMetrics: _enveloped(wire.WorkloadMetrics, _measured),
    views.GlobalMetrics: _enveloped(wire.GlobalMetrics, _organization),
    views.FleetMetrics: _enveloped(wire.BatchMetrics, _fleet),
    Team: _enveloped(wire.Team, _team, "/data/id"),
    views.Teams: Shape(wire.Paged[wire.Teams], _teams),
    Template: _enveloped(wire.Template, _template),
    views.Templates: Shape(wire.Paged[wire.Templates], _templates),
    Allocation: _enveloped(wire.Allocation, _allocation, "/data/id"),
    views.Allocations: Shape(wire.Paged[wire.Allocations], _allocations),
    views.Capacity: _enveloped(wire.Capacity, _capacity),
}
