"""Allocations: parts of a reservation, given to teams."""

import secrets
import sqlite3
from typing import Annotated, Any

import msgspec
from aiohttp import web

from chamber.local.api import requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import invalid, not_found
from chamber.local.api.services import services
from chamber.local.clock import stamp
from chamber.local.storage import nouns
from chamber.local.storage.nouns import Allocation, Team

__all__ = ["create_allocation", "get_allocation", "list_allocations"]


class _NewAllocation(msgspec.Struct, kw_only=True):
    initiative_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    reservation_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    allocated_instances: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Allocations(msgspec.Struct):
    initiative_id: str | None = None


async def list_allocations(request: web.Request) -> web.Response:
    """GET /customer/allocations."""
    asked = requests.query(request, _Allocations)
    held = await services(request).database.read(nouns.listed, Allocation)
    chosen = [_shown(a) for a in held if asked.initiative_id in {None, a.initiative_id}]
    metadata = {"next_token": None, "total_count": len(chosen)}
    return answer(request, {"allocations": chosen}, metadata=metadata)


async def get_allocation(request: web.Request) -> web.Response:
    """GET /customer/allocations/{allocation_id}."""
    allocation_id = request.match_info["allocation_id"]
    allocation = await services(request).database.read(nouns.find, Allocation, allocation_id)
    if allocation is None:
        raise not_found("allocation", allocation_id)
    return answer(request, _shown(allocation))


async def create_allocation(request: web.Request) -> web.Response:
    """POST /customer/allocations."""
    parts, asked = services(request), await requests.body(request, _NewAllocation)
    allocation = Allocation(
        id=f"alloc_{secrets.token_hex(8)}",
        initiative_id=asked.initiative_id,
        reservation_id=asked.reservation_id,
        allocated_instances=asked.allocated_instances,
        created_at=parts.ledger.clock(),
    )
    await parts.database.write(_add, allocation)
    return answer(request, _shown(allocation), status=201)


def _add(connection: sqlite3.Connection, allocation: Allocation) -> None:
    if nouns.find(connection, Team, allocation.initiative_id) is None:
        raise invalid("initiative_id", f"there is no team {allocation.initiative_id!r}")
    nouns.add(connection, allocation)


def _shown(allocation: Allocation) -> dict[str, Any]:
    return {**msgspec.structs.asdict(allocation), "created_at": stamp(allocation.created_at)}
