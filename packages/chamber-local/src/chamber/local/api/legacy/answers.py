"""From answers to the legacy dialect's objects.

The wrappers differ from answer to answer, as they do in what the published client was written to decode: a submission
is under `workload`, a cancellation under `body`, a workload that was asked for is bare; the first page of a listing is
under `workloads` with `metadata`, the pages after it are under `body`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from chamber.local.api import views
from chamber.local.api.dialect import Shape, filled
from chamber.local.api.errors import ApiError
from chamber.local.api.legacy import wire
from chamber.local.clock import stamp
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.workloads import Workload

__all__ = ["REFUSAL", "SHAPES"]

M = TypeVar("M", bound=Struct)

#: Refusals of the gateway in front of the API say `message`; those of the API itself say `error`.
_GATEWAY = frozenset({401, 403, 405, 413, 421, 429})


def _health(answer: views.Health, _: str) -> wire.Health:
    return wire.Health("healthy", answer.version, stamp(answer.at))


def _workload(held: Workload, at: datetime) -> wire.Workload:
    return filled(wire.Workload, views.facts(held, at))


def _shown(answer: views.Shown, _: str) -> wire.Workload:
    return _workload(answer.workload, answer.at)


def _submitted(answer: views.Submitted, _: str) -> wire.InWorkload:
    return wire.InWorkload(_workload(answer.workload, answer.at))


def _cancelled(answer: views.Cancelled, _: str) -> wire.InBody:
    return wire.InBody(_workload(answer.workload, answer.at))


def _listed(answer: views.WorkloadPage, _: str) -> wire.FirstPage | wire.LaterPage:
    items = [_workload(held, answer.at) for held in answer.items]
    if answer.first:
        return wire.FirstPage(items, wire.Metadata(answer.next_token, answer.total))
    return wire.LaterPage(items, answer.next_token)


def _found(answer: views.SearchPage, _: str) -> wire.SearchResult:
    items, cursor = [_workload(held, answer.at) for held in answer.items], answer.next_cursor
    return wire.SearchResult(items, answer.total, len(items), cursor is not None, cursor)


def _counted(answer: views.Aggregation, _: str) -> wire.Aggregation:
    buckets = [wire.Bucket(key, count) for key, count in answer.counts.items()]
    return wire.Aggregation(answer.dimension, buckets, answer.total)


def _summed(answer: views.Statistics, _: str) -> wire.Statistics:
    sums = wire.Sums(answer.totals.workloads, dict(answer.by_status), dict(answer.by_job_class))
    return wire.Statistics(sums)


def _measured(answer: views.WorkloadMetrics, _: str) -> wire.WorkloadMetrics:
    metrics = _metrics(wire.Measured, answer.metrics)
    return wire.WorkloadMetrics(metrics, answer.samples, answer.quality)


def _organization(answer: views.GlobalMetrics, _: str) -> wire.GlobalMetrics:
    metrics = _metrics(wire.Measured, answer.metrics)
    return wire.GlobalMetrics(metrics, answer.gpu_hours, answer.active, [_team_row(row) for row in answer.teams])


def _fleet(answer: views.FleetMetrics, _: str) -> wire.BatchMetrics:
    if answer.by_team:
        return wire.BatchMetrics(wire.Rows(teams=[_team_row(row) for row in answer.rows]))
    return wire.BatchMetrics(wire.Rows(workloads=[_workload_row(row) for row in answer.rows]))


def _team_row(row: views.FleetRow) -> wire.TeamRow:
    return _metrics(
        wire.TeamRow, row.metrics, initiative_id=row.of, workload_count=row.workloads, gpu_hours=row.gpu_hours
    )


def _workload_row(row: views.FleetRow) -> wire.WorkloadRow:
    assert isinstance(row.of, Workload)
    return _metrics(wire.WorkloadRow, row.metrics, **asdict(row.of), workload_id=row.of.id, gpu_hours=row.gpu_hours)


def _metrics(kind: type[M], metrics: Mapping[str, object], **others: object) -> M:
    return filled(kind, {name: summary for name, summary in metrics.items() if summary is not None}, **others)


def _bare_team(team: Team) -> wire.Team:
    return filled(wire.Team, asdict(team), created_at=stamp(team.created_at))


def _team(team: Team, _: str) -> wire.InTeam:
    return wire.InTeam(_bare_team(team))


def _teams(answer: views.Teams, _: str) -> wire.Teams:
    return wire.Teams([_bare_team(team) for team in answer.items])


def _template(template: Template, _: str = "") -> wire.Template:
    gpus = template.requested_gpus
    return filled(wire.Template, asdict(template), requested_gpus=None if gpus is None else views.number(gpus))


def _templates(answer: views.Templates, _: str) -> wire.Templates:
    return wire.Templates([_template(template) for template in answer.items])


def _bare_allocation(allocation: Allocation) -> wire.Allocation:
    return filled(wire.Allocation, asdict(allocation), created_at=stamp(allocation.created_at))


def _allocation(allocation: Allocation, _: str) -> wire.InData:
    return wire.InData(_bare_allocation(allocation))


def _allocations(answer: views.Allocations, _: str) -> wire.Allocations:
    return wire.Allocations([_bare_allocation(allocation) for allocation in answer.items])


def _capacity(answer: views.Capacity, _: str) -> wire.Capacity:
    hours = answer.budget
    budget = wire.Budget(hours.allocated, hours.used, hours.remaining)
    return wire.Capacity(budget, [_pool(use) for use in answer.pools])


def _pool(use: views.PoolUse) -> wire.Pool:
    used, left = views.number(use.used_gpus), views.number(use.pool.total_gpus - use.used_gpus)
    return filled(wire.Pool, asdict(use.pool), used_gpus=used, available_gpus=left)


def _refused(error: ApiError, _: str) -> wire.Message | wire.Error:
    return wire.Message(error.message) if error.status in _GATEWAY else wire.Error(error.message)


REFUSAL = Shape(wire.Message | wire.Error, _refused)

SHAPES: Mapping[type, Shape] = {
    views.Health: Shape(wire.Health, _health),
    views.Shown: Shape(wire.Workload, _shown),
    views.Submitted: Shape(wire.InWorkload, _submitted, "/workload/id"),
    views.Cancelled: Shape(wire.InBody, _cancelled),
    views.WorkloadPage: Shape(wire.FirstPage | wire.LaterPage, _listed),
    views.SearchPage: Shape(wire.SearchResult, _found),
    views.Aggregation: Shape(wire.Aggregation, _counted),
    views.Statistics: Shape(wire.Statistics, _summed),
    views.WorkloadMetrics: Shape(wire.WorkloadMetrics, _measured),
    views.GlobalMetrics: Shape(wire.GlobalMetrics, _organization),
    views.FleetMetrics: Shape(wire.BatchMetrics, _fleet),
    Team: Shape(wire.InTeam, _team, "/team/id"),
    views.Teams: Shape(wire.Teams, _teams),
    Template: Shape(wire.Template, _template),
    views.Templates: Shape(wire.Templates, _templates),
    Allocation: Shape(wire.InData, _allocation, "/data/id"),
    views.Allocations: Shape(wire.Allocations, _allocations),
    views.Capacity: Shape(wire.Capacity, _capacity),
}
