"""Searching and counting workloads."""

from typing import Annotated

import msgspec

from chamber.local.api.asked import Cursor, Filters, Order, StatusWord, When, moment, statuses
from chamber.local.api.cursors import from_cursor, to_cursor
from chamber.local.api.services import Services
from chamber.local.api.views import Aggregation, SearchPage
from chamber.local.storage import queries
from chamber.local.storage.queries import Cut, Dimension, Filter, Position, Sortable
from chamber.local.workloads import JobClass

__all__ = ["AskedAggregation", "Moments", "Range", "Search", "aggregate_workloads", "search_workloads"]

JobClasses = Annotated[tuple[JobClass, ...], msgspec.Meta(max_length=100)]


class Range(msgspec.Struct):
    """Both ends belong to it."""

    min: float | None = None
    max: float | None = None


class Moments(msgspec.Struct, rename={"since": "from", "until": "to"}):
    """Both ends belong to it."""

    since: When | None = None
    until: When | None = None


class Search(msgspec.Struct, kw_only=True):
    """The body; with a `cursor` only `page_size` counts."""

    sort_by: Sortable = "submitted_at"
    sort_order: Order = "desc"
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25
    cursor: Cursor | None = None
    query: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    status: Annotated[tuple[StatusWord, ...], msgspec.Meta(max_length=100)] | None = None
    job_class: JobClasses | None = None
    gpu_type: Filters | None = None
    initiative_id: Filters | None = None
    submitted_by: Filters | None = None
    capacity_pool_id: Filters | None = None
    priority: Range | None = None
    requested_gpus: Range | None = None
    submitted_at: Moments | None = None


class AskedAggregation(msgspec.Struct, kw_only=True):
    """What to count by, and the filters."""

    dimension: Dimension
    status: tuple[StatusWord, ...] = ()
    job_class: JobClasses = ()
    gpu_type: Filters = ()
    initiative_id: Filters = ()
    submitted_by: Filters = ()
    capacity_pool_id: Filters = ()
    submitted_from: When | None = None
    submitted_to: When | None = None


class _Place(msgspec.Struct, frozen=True):
    """A cursor carries its whole search, so that it alone asks for the next page."""

    chosen: Filter
    sort_by: Sortable
    sort_order: Order
    position: Position


async def search_workloads(parts: Services, body: Search) -> SearchPage:
    """A page of what was found."""
    chosen, cut = _place(body)
    found = await parts.database.read(queries.page, parts.seen(chosen), cut)
    cursor = to_cursor(_Place(chosen, cut.sort_by, cut.sort_order, found.next)) if found.next else None
    return SearchPage(found.items, parts.ledger.clock(), found.total, cursor)


async def aggregate_workloads(parts: Services, query: AskedAggregation) -> Aggregation:
    """How many workloads have each value of a dimension."""
    chosen = Filter(
        status=statuses(query.status),
        job_class=query.job_class,
        gpu_type=query.gpu_type,
        initiative_id=query.initiative_id,
        submitted_by=query.submitted_by,
        capacity_pool_id=query.capacity_pool_id,
        submitted_from=moment(query.submitted_from),
        submitted_to=moment(query.submitted_to),
    )
    chosen = parts.seen(chosen)
    counts = await parts.database.read(queries.count_by, query.dimension, chosen)
    return Aggregation(query.dimension, counts, await parts.database.read(queries.count, chosen))


def _place(asked: Search) -> tuple[Filter, Cut]:
    if asked.cursor is None:
        cut = Cut(sort_by=asked.sort_by, sort_order=asked.sort_order, limit=asked.page_size)
        return _filter(asked), cut
    place = from_cursor("cursor", asked.cursor, _Place)
    cut = Cut(sort_by=place.sort_by, sort_order=place.sort_order, limit=asked.page_size, after=place.position)
    return place.chosen, cut


def _filter(asked: Search) -> Filter:
    priority, gpus, moments = (
        asked.priority or Range(),
        asked.requested_gpus or Range(),
        asked.submitted_at or Moments(),
    )
    return Filter(
        status=statuses(asked.status),
        job_class=asked.job_class or (),
        gpu_type=asked.gpu_type or (),
        initiative_id=asked.initiative_id or (),
        submitted_by=asked.submitted_by or (),
        capacity_pool_id=asked.capacity_pool_id or (),
        priority_min=priority.min,
        priority_max=priority.max,
        requested_gpus_min=gpus.min,
        requested_gpus_max=gpus.max,
        submitted_from=moment(moments.since),
        submitted_to=moment(moments.until),
        query=asked.query,
    )
