"""A page of the workloads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from aiohttp import web

from chamber.local.api.cursors import from_cursor, to_cursor
from chamber.local.api.services import Services, services
from chamber.local.dashboard.exchange import asked, told
from chamber.local.storage import queries, tenancy
from chamber.local.storage.nouns import Team
from chamber.local.storage.queries import Cut, Filter, Order, Position, Sortable
from chamber.local.workloads import Status, Workload

__all__ = ["Asked", "Listing", "Row", "listed", "row", "team_names"]


class Asked(msgspec.Struct, kw_only=True):
    """Which page: what it holds, in which order, and where it begins."""

    status: tuple[Status, ...] = ()
    query: Annotated[str, msgspec.Meta(max_length=500)] = ""
    sort_by: Sortable = "submitted_at"
    sort_order: Order = "desc"
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    after: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A workload in a list."""

    id: str
    name: str
    status: Status
    team: str
    gpu_type: str
    gpus: float
    job_class: str
    priority: int
    submitted_by: str
    submitted_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A page, how many workloads there are in all, and how many of each status; `now` is the server's time."""

    items: tuple[Row, ...]
    total: int
    next: str | None
    by_status: Mapping[str, int]
    now: datetime


async def listed(request: web.Request) -> web.Response:
    """The handler of ``/workloads``."""
    parts, page = services(request), asked(request, Asked)
    chosen = parts.seen(Filter(query=page.query or None))
    narrowed = parts.seen(Filter(query=page.query or None, status=page.status or None))
    found = await parts.database.read(queries.page, narrowed, _cut(page))
    names = await team_names(parts)
    return told(
        Listing(
            items=tuple(row(workload, names) for workload in found.items),
            total=found.total,
            next=to_cursor(found.next) if found.next else None,
            by_status=await parts.database.read(queries.count_by, "status", chosen),
            now=parts.ledger.clock(),
        )
    )


def row(workload: Workload, names: Mapping[str, str]) -> Row:
    """A workload as it is listed; `names` are the teams'."""
    return Row(
        id=workload.id,
        name=workload.name,
        status=workload.status,
        team=names.get(workload.initiative_id, workload.initiative_id),
        gpu_type=workload.gpu_type,
        gpus=workload.requested_gpus,
        job_class=workload.job_class,
        priority=workload.priority,
        submitted_by=workload.submitted_by,
        submitted_at=workload.submitted_at,
        started_at=workload.started_at,
        completed_at=workload.completed_at,
    )


async def team_names(parts: Services) -> Mapping[str, str]:
    """The names of the organization's teams by their ids."""
    return {team.id: team.name for team in await parts.database.read(tenancy.listed, Team, parts.organization_id)}


def _cut(page: Asked) -> Cut:
    after = from_cursor("after", page.after, Position) if page.after else None
    return Cut(sort_by=page.sort_by, sort_order=page.sort_order, limit=page.limit, after=after)
