"""One workload: what is known of it, its measurements, and cancelling it."""

from datetime import datetime

import msgspec
from aiohttp import web

from chamber.local.api.services import Services, services, the_workload
from chamber.local.api.workloads import cancel_workload
from chamber.local.dashboard.exchange import told
from chamber.local.dashboard.workloads import Row, row, team_names
from chamber.local.permissions import Act, permits
from chamber.local.storage import series
from chamber.local.storage import workloads as stored
from chamber.local.workloads import Event, Workload

__all__ = ["Detail", "cancelled", "measured", "shown"]


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """A workload, every status it had, and whether the user may cancel it; `now` is the server's time."""

    row: Row
    initiative_id: str
    pool_id: str | None
    pods: int | None
    running_pods: int | None
    tags: dict[str, str]
    failure_reason: str | None
    waiting_reason: str | None
    exit_code: int | None
    gpu_hours: float | None
    history: tuple[Event, ...]
    finished: bool
    may_cancel: bool
    now: datetime


async def shown(request: web.Request) -> web.Response:
    """The handler of ``/workloads/{id}``."""
    parts = services(request)
    return told(await _detail(parts, await the_workload(parts, request.match_info["id"])))


async def measured(request: web.Request) -> web.Response:
    """The handler of ``/workloads/{id}/metrics``."""
    parts = services(request)
    workload = await the_workload(parts, request.match_info["id"])
    return told(await parts.database.read(series.of_workload, workload.id))


async def cancelled(request: web.Request) -> web.Response:
    """The handler of ``/workloads/{id}/cancel``: answers when its processes are gone."""
    parts, workload_id = services(request), request.match_info["id"]
    await cancel_workload(parts, workload_id)
    return told(await _detail(parts, await the_workload(parts, workload_id)))


async def _detail(parts: Services, workload: Workload) -> Detail:
    now, names = parts.ledger.clock(), await team_names(parts)
    return Detail(
        row=row(workload, names),
        initiative_id=workload.initiative_id,
        pool_id=workload.capacity_pool_id,
        pods=workload.requested_pods,
        running_pods=workload.running_pods,
        tags=workload.tags,
        failure_reason=workload.failure_reason,
        waiting_reason=workload.waiting_reason,
        exit_code=workload.exit_code,
        gpu_hours=workload.gpu_hours(now),
        history=await parts.database.read(stored.history, workload.id),
        finished=workload.finished,
        may_cancel=permits(parts.caller, Act.CANCEL, workload.initiative_id, workload.submitted_by),
        now=now,
    )
