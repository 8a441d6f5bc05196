"""Listing, showing and cancelling workloads."""

from typing import Annotated

import msgspec
from aiohttp import web

from chamber.local.api import documented, requests
from chamber.local.api.answers import answer
from chamber.local.api.cursors import from_cursor, to_cursor
from chamber.local.api.errors import conflict, invalid
from chamber.local.api.services import services, the_workload
from chamber.local.storage import queries, workloads
from chamber.local.storage.queries import Cut, Filter, Order, Position
from chamber.local.workloads import Status

__all__ = ["cancel_workload", "get_workload", "list_workloads"]


class _Listing(msgspec.Struct, kw_only=True):
    status: str | None = None
    initiative_id: str | None = None
    submitted_by: str | None = None
    is_managed: bool | None = None
    organization_id: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    submitted_after: str | None = None
    submitted_before: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    next_token: str | None = None
    sort_order: Order | None = None


class _Place(msgspec.Struct, frozen=True):
    order: Order
    position: Position


async def list_workloads(request: web.Request) -> web.Response:
    """GET /workloads."""
    parts, asked = services(request), requests.query(request, _Listing)
    cut = _cut(asked)
    found = await parts.database.read(queries.page, _filter(asked, parts.organization_id), cut)
    token = to_cursor(_Place(cut.sort_order, found.next)) if found.next else None
    at = parts.ledger.clock()
    return answer(
        request,
        {"workloads": [documented.workload(w, at) for w in found.items]},
        metadata={"next_token": token, "total_count": found.total},
    )


async def get_workload(request: web.Request) -> web.Response:
    """GET /workloads/{workload_id}, with its status_history."""
    parts, workload = services(request), await the_workload(request)
    history = await parts.database.read(workloads.history, workload.id)
    shown = documented.workload(workload, parts.ledger.clock())
    return answer(request, {**shown, "status_history": documented.events(history)})


async def cancel_workload(request: web.Request) -> web.Response:
    """POST /workloads/{workload_id}/cancel; answers when its processes are gone."""
    parts, workload = services(request), await the_workload(request)
    if not await parts.dispatcher.cancel(workload.id, f"cancelled by {parts.user}"):
        workload = await the_workload(request)
        if workload.status is not Status.CANCELLED:
            raise conflict(f"the workload {workload.id} is {workload.status.value.lower()} and cannot be cancelled")
    return answer(request, documented.workload(await the_workload(request), parts.ledger.clock()))


def _filter(asked: _Listing, organization_id: str) -> Filter:
    elsewhere = asked.organization_id not in {None, organization_id}
    return Filter(
        status=tuple(documented.status_from(word) for word in requests.words(asked.status)),
        initiative_id=requests.words(asked.initiative_id),
        submitted_by=requests.words(asked.submitted_by),
        is_managed=False if elsewhere else asked.is_managed,
        submitted_from=requests.moment("start_date", asked.start_date, asked.submitted_after),
        submitted_to=requests.moment("end_date", asked.end_date, asked.submitted_before),
    )


def _cut(asked: _Listing) -> Cut:
    if asked.next_token is None:
        return Cut(sort_order=asked.sort_order or "desc", limit=asked.limit)
    place = from_cursor("next_token", asked.next_token, _Place)
    if asked.sort_order not in {None, place.order}:
        raise invalid("sort_order", "differs from that of the page which the next_token came from")
    return Cut(sort_order=place.order, limit=asked.limit, after=place.position)
