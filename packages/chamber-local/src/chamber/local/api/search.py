"""Searching and counting workloads."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from chamber.local.api import documented, requests
from chamber.local.api.answers import answer
from chamber.local.api.cursors import from_cursor, to_cursor
from chamber.local.api.errors import invalid
from chamber.local.api.services import services
from chamber.local.storage import queries
from chamber.local.storage.queries import SORTABLE, Cut, Filter, Order, Position
from chamber.local.workloads import JobClass

__all__ = ["aggregate_workloads", "search_workloads"]


class _Range(msgspec.Struct):
    min: float | None = None
    max: float | None = None


class _Moments(msgspec.Struct, rename={"since": "from", "until": "to"}):
    since: str | None = None
    until: str | None = None


class _Search(msgspec.Struct, kw_only=True):
    sort_by: str = "submitted_at"
    sort_order: Order = "desc"
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 25
    cursor: str | None = None
    query: str | None = None
    status: list[str] | None = None
    job_class: list[JobClass] | None = None
    gpu_type: list[str] | None = None
    initiative_id: list[str] | None = None
    submitted_by: list[str] | None = None
    capacity_pool_id: list[str] | None = None
    priority: _Range | None = None
    requested_gpus: _Range | None = None
    submitted_at: _Moments | None = None


class _Place(msgspec.Struct, frozen=True):
    """A cursor carries its whole search, so that it alone asks for the next page."""

    chosen: Filter
    sort_by: str
    sort_order: Order
    position: Position


class _Aggregation(msgspec.Struct, kw_only=True):
    dimension: Literal["status", "job_class", "gpu_type", "initiative_id", "submitted_by", "capacity_pool_id"]
    status: str | None = None
    job_class: str | None = None
    gpu_type: str | None = None
    initiative_id: str | None = None
    submitted_by: str | None = None
    capacity_pool_id: str | None = None
    submitted_from: str | None = None
    submitted_to: str | None = None


async def search_workloads(request: web.Request) -> web.Response:
    """POST /workloads/search."""
    parts, asked = services(request), await requests.body(request, _Search)
    chosen, cut = _place(asked)
    found = await parts.database.read(queries.page, chosen, cut)
    cursor = to_cursor(_Place(chosen, cut.sort_by, cut.sort_order, found.next)) if found.next else None
    at = parts.ledger.clock()
    data = {
        "items": [documented.workload(w, at) for w in found.items],
        "total_count": found.total,
        "returned_count": len(found.items),
        "has_more": cursor is not None,
        "next_cursor": cursor,
    }
    return answer(request, data)


async def aggregate_workloads(request: web.Request) -> web.Response:
    """GET /workloads/aggregations."""
    parts, asked = services(request), requests.query(request, _Aggregation)
    chosen = _aggregated(asked)
    counts = await parts.database.read(queries.count_by, asked.dimension, chosen)
    lower = asked.dimension == "status"
    buckets = [{"key": key.lower() if lower else key, "count": count} for key, count in counts.items()]
    total = await parts.database.read(queries.count, chosen)
    return answer(request, {"dimension": asked.dimension, "buckets": buckets, "total": total})


def _place(asked: _Search) -> tuple[Filter, Cut]:
    if asked.cursor is None:
        return _filter(asked), _cut(asked.sort_by, asked.sort_order, asked.page_size, None)
    place = from_cursor("cursor", asked.cursor, _Place)
    return place.chosen, _cut(place.sort_by, place.sort_order, asked.page_size, place.position)


def _cut(sort_by: str, order: Order, limit: int, after: Position | None) -> Cut:
    if sort_by not in SORTABLE:
        raise invalid("sort_by", f"{sort_by!r} is none of {', '.join(SORTABLE)}")
    return Cut(sort_by=sort_by, sort_order=order, limit=limit, after=after)


def _filter(asked: _Search) -> Filter:
    priority, gpus, moments = (
        asked.priority or _Range(),
        asked.requested_gpus or _Range(),
        asked.submitted_at or _Moments(),
    )
    return Filter(
        status=tuple(documented.status_from(word) for word in asked.status or ()),
        job_class=tuple(asked.job_class or ()),
        gpu_type=tuple(asked.gpu_type or ()),
        initiative_id=tuple(asked.initiative_id or ()),
        submitted_by=tuple(asked.submitted_by or ()),
        capacity_pool_id=tuple(asked.capacity_pool_id or ()),
        priority_min=priority.min,
        priority_max=priority.max,
        requested_gpus_min=gpus.min,
        requested_gpus_max=gpus.max,
        submitted_from=requests.moment("submitted_at.from", moments.since),
        submitted_to=requests.moment("submitted_at.to", moments.until),
        query=asked.query,
    )


def _aggregated(asked: _Aggregation) -> Filter:
    return Filter(
        status=tuple(documented.status_from(word) for word in requests.words(asked.status)),
        job_class=tuple(_job_class(word) for word in requests.words(asked.job_class)),
        gpu_type=requests.words(asked.gpu_type),
        initiative_id=requests.words(asked.initiative_id),
        submitted_by=requests.words(asked.submitted_by),
        capacity_pool_id=requests.words(asked.capacity_pool_id),
        submitted_from=requests.moment("submitted_from", asked.submitted_from),
        submitted_to=requests.moment("submitted_to", asked.submitted_to),
    )


def _job_class(word: str) -> JobClass:
    try:
        return JobClass(word.upper())
    except ValueError as error:
        raise invalid("job_class", f"{word!r} is none of {', '.join(c.value for c in JobClass)}") from error
