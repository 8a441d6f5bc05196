"""Listing, showing and cancelling workloads."""

from typing import Annotated

import msgspec

from chamber.local.api.asked import Filters, NextToken, Order, StatusWord, When, moment, statuses
from chamber.local.api.cursors import from_cursor, to_cursor
from chamber.local.api.errors import conflict
from chamber.local.api.services import Services, the_workload
from chamber.local.api.views import Cancelled, Shown, WorkloadPage
from chamber.local.permissions import Act
from chamber.local.storage import queries, workloads
from chamber.local.storage.queries import Cut, Filter, Position
from chamber.local.workloads import Status

__all__ = ["Listing", "cancel_workload", "get_workload", "list_workloads"]


class Listing(msgspec.Struct, kw_only=True):
    """The filters, and which page of what they admit; a `next_token` carries its own order on."""

    status: tuple[StatusWord, ...] = ()
    initiative_id: Filters = ()
    submitted_by: Filters = ()
    is_managed: bool | msgspec.UnsetType = msgspec.UNSET
    organization_id: str | None = None
    submitted_after: When | None = None
    submitted_before: When | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    next_token: NextToken | None = None
    sort_order: Order | None = None


class _Place(msgspec.Struct, frozen=True):
    order: Order
    position: Position


async def list_workloads(parts: Services, query: Listing) -> WorkloadPage:
    """A page of the workloads, newest first unless asked otherwise."""
    cut = _cut(query)
    found = await parts.database.read(queries.page, parts.seen(_filter(query, parts.organization_id)), cut)
    token = to_cursor(_Place(cut.sort_order, found.next)) if found.next else None
    return WorkloadPage(found.items, parts.ledger.clock(), found.total, token, query.next_token is None)


async def get_workload(parts: Services, workload_id: str) -> Shown:
    """One workload."""
    workload = await the_workload(parts, workload_id)
    history = await parts.database.read(workloads.history, workload.id)
    return Shown(workload, parts.ledger.clock(), history)


async def cancel_workload(parts: Services, workload_id: str) -> Cancelled:
    """The workload, when its processes are gone."""
    workload = await the_workload(parts, workload_id, Act.CANCEL)
    if not await parts.dispatcher.cancel(workload.id, f"cancelled by {parts.user}"):
        workload = await the_workload(parts, workload_id)
        if workload.status is not Status.CANCELLED:
            raise conflict(f"the workload {workload.id} is {workload.status.value.lower()} and cannot be cancelled")
    return Cancelled(await the_workload(parts, workload_id), parts.ledger.clock())


def _filter(asked: Listing, organization_id: str) -> Filter:
    elsewhere = asked.organization_id not in {None, organization_id}
    return Filter(
        status=statuses(asked.status),
        initiative_id=asked.initiative_id,
        submitted_by=asked.submitted_by,
        is_managed=False if elsewhere or asked.is_managed is False else None,
        submitted_from=moment(asked.submitted_after),
        submitted_to=moment(asked.submitted_before),
    )


def _cut(asked: Listing) -> Cut:
    if asked.next_token is None:
        return Cut(sort_order=asked.sort_order or "desc", limit=asked.limit)
    place = from_cursor("next_token", asked.next_token, _Place)
    return Cut(sort_order=place.order, limit=asked.limit, after=place.position)
