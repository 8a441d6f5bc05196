"""Searching workloads, and counting them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Literal

from chamber.core import validation
from chamber.core.errors import UnexpectedResponseError
from chamber.core.filters import Statuses, by_status, words
from chamber.core.models import AggregationResult, Workload, WorkloadSearchResult
from chamber.core.operations import Operations, listing, operation
from chamber.core.pagination import each_page, following, is_for_rest, together
from chamber.core.paths import path
from chamber.core.retry import READ

__all__ = ["DIMENSIONS", "SearchOperations"]

Words = str | Sequence[str]

DIMENSIONS = ("status", "job_class", "gpu_type", "initiative_id", "submitted_by", "capacity_pool_id")


class SearchOperations(Operations):
    """Workloads by what they are."""

    @operation
    async def search_workloads(
        self,
        status: Statuses | None = None,
        job_class: Words | None = None,
        gpu_type: Words | None = None,
        initiative_id: Words | None = None,
        submitted_by: Words | None = None,
        capacity_pool_id: Words | None = None,
        priority_min: int | None = None,
        priority_max: int | None = None,
        requested_gpus_min: float | None = None,
        requested_gpus_max: float | None = None,
        submitted_from: str | datetime | None = None,
        submitted_to: str | datetime | None = None,
        query: str | None = None,
        sort_by: str = "submitted_at",
        sort_order: Literal["asc", "desc"] = "desc",
        page_size: int = 25,
        cursor: str | None = None,
    ) -> WorkloadSearchResult:
        """One page of the workloads that match every filter.

        A filter with several words matches any of them. Ranges include their ends; times are ISO 8601;
        `query` searches the text; `page_size` is 1 to 100; `cursor` comes from the page before.

        Raises ValidationError: an argument is outside its bounds.
        """
        validation.number("page_size", page_size, 1, 100)
        validation.one_of("sort_order", sort_order, ("asc", "desc"))
        validation.number("priority_min", priority_min, 0, 100)
        validation.number("priority_max", priority_max, 0, 100)
        validation.number("requested_gpus_min", requested_gpus_min, 0, whole=False)
        validation.number("requested_gpus_max", requested_gpus_max, 0, whole=False)
        body = {
            "job_class": _list(job_class),
            "gpu_type": _list(gpu_type),
            "initiative_id": _list(initiative_id),
            "submitted_by": _list(submitted_by),
            "capacity_pool_id": _list(capacity_pool_id),
            "priority": _range("min", priority_min, "max", priority_max),
            "requested_gpus": _range("min", requested_gpus_min, "max", requested_gpus_max),
            "submitted_at": _range("from", submitted_from, "to", submitted_to),
            "query": query,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "page_size": page_size,
            "cursor": cursor,
        }
        with self._transport.within():
            return await by_status(
                self._transport.dialect, status, lambda words: self._search({**body, "status": words})
            )

    @listing
    async def iter_search(
        self,
        status: Statuses | None = None,
        job_class: Words | None = None,
        gpu_type: Words | None = None,
        initiative_id: Words | None = None,
        submitted_by: Words | None = None,
        capacity_pool_id: Words | None = None,
        priority_min: int | None = None,
        priority_max: int | None = None,
        requested_gpus_min: float | None = None,
        requested_gpus_max: float | None = None,
        submitted_from: str | datetime | None = None,
        submitted_to: str | datetime | None = None,
        query: str | None = None,
        sort_by: str = "submitted_at",
        sort_order: Literal["asc", "desc"] = "desc",
        *,
        page_size: int = 100,
    ) -> AsyncGenerator[Workload, None]:
        """Every workload that `search_workloads` finds with these filters, page after page."""

        async def page(cursor: str | None) -> tuple[Sequence[Workload], str | None]:
            found = await self.search_workloads(
                status,
                job_class,
                gpu_type,
                initiative_id,
                submitted_by,
                capacity_pool_id,
                priority_min,
                priority_max,
                requested_gpus_min,
                requested_gpus_max,
                submitted_from,
                submitted_to,
                query,
                sort_by,
                sort_order,
                page_size,
                cursor,
            )
            if found.has_more and not found.next_cursor:
                raise UnexpectedResponseError(
                    "The API says that there is more and gives no cursor to it: narrow the search, or pass a larger "
                    "page_size. What came so far is complete"
                )
            return found.items, found.next_cursor if found.has_more else None

        async with aclosing(each_page(page)) as pages:
            async for workloads in pages:
                told, left = following(workloads)
                for workload in told:
                    if is_for_rest((yield workload)):
                        yield together(left)

    @operation
    async def get_workload_aggregations(
        self,
        dimension: Literal["status", "job_class", "gpu_type", "initiative_id", "submitted_by", "capacity_pool_id"],
        status: Statuses | None = None,
        job_class: Words | None = None,
        initiative_id: Words | None = None,
        capacity_pool_id: Words | None = None,
        submitted_from: str | datetime | None = None,
        submitted_to: str | datetime | None = None,
    ) -> AggregationResult:
        """How many of the workloads that match the filters there are for each value of `dimension`.

        Raises ValidationError: there is no such dimension.
        """
        validation.one_of("dimension", dimension, DIMENSIONS)
        params = {
            "dimension": dimension,
            "job_class": _list(job_class),
            "initiative_id": _list(initiative_id),
            "capacity_pool_id": _list(capacity_pool_id),
            "submitted_from": submitted_from,
            "submitted_to": submitted_to,
        }
        with self._transport.within():
            return await by_status(
                self._transport.dialect, status, lambda words: self._count({**params, "status": words}), _has_counted
            )

    async def _count(self, params: dict[str, Any]) -> AggregationResult:
        return await self.request("GET", path("workloads", "aggregations"), AggregationResult, params=params)

    async def _search(self, body: dict[str, Any]) -> WorkloadSearchResult:
        return await self.request("POST", path("workloads", "search"), WorkloadSearchResult, body=body, policy=READ)


def _has_counted(found: AggregationResult) -> bool:
    return bool(found.total or found.buckets)


def _list(given: Words | None) -> list[str] | None:
    return words(given) or None


def _range(low: str, least: Any, high: str, most: Any) -> dict[str, Any] | None:
    ends = {key: end for key, end in ((low, least), (high, most)) if end is not None}
    return ends or None
