"""Allocations: parts of a reservation, given to teams."""

import secrets
from typing import Annotated

import msgspec

from chamber.local.api.asked import Id, TeamId
from chamber.local.api.errors import invalid, not_found
from chamber.local.api.services import Services
from chamber.local.api.views import Allocations
from chamber.local.permissions import Act, permits
from chamber.local.scheduling.organisation import Organisation
from chamber.local.storage import nouns, tenancy
from chamber.local.storage.nouns import Allocation

__all__ = ["AskedAllocations", "NewAllocation", "create_allocation", "get_allocation", "list_allocations"]


class NewAllocation(msgspec.Struct, kw_only=True):
    """The body."""

    initiative_id: TeamId
    reservation_id: Id
    allocated_instances: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class AskedAllocations(msgspec.Struct):
    """The filter."""

    initiative_id: str | None = None


async def list_allocations(parts: Services, query: AskedAllocations) -> Allocations:
    """The allocations of a team, or all."""
    held = await parts.database.read(tenancy.listed, Allocation, parts.organization_id)
    asked = (a for a in held if query.initiative_id in {None, a.initiative_id})
    return Allocations(tuple(a for a in asked if permits(parts.caller, Act.SEE_WORK, a.initiative_id)))


async def get_allocation(parts: Services, allocation_id: str) -> Allocation:
    """One allocation."""
    allocation = await parts.database.read(tenancy.find, Allocation, allocation_id, parts.organization_id)
    if allocation is None:
        raise not_found("allocation", allocation_id)
    parts.require(Act.SEE_WORK, allocation.initiative_id)
    return allocation


async def create_allocation(parts: Services, body: NewAllocation) -> Allocation:
    """A new allocation."""
    parts.require(Act.CREATE_ALLOCATION)
    if not parts.has(body.initiative_id):
        raise invalid("initiative_id", f"there is no team {body.initiative_id!r}")
    allocation = Allocation(
        id=f"alloc_{secrets.token_hex(8)}",
        initiative_id=body.initiative_id,
        reservation_id=body.reservation_id,
        allocated_instances=body.allocated_instances,
        created_at=parts.ledger.clock(),
    )
    organisation = await parts.ledger.organisation(parts.organization_id)
    _check(organisation, allocation)
    await parts.database.write(nouns.add, allocation)
    parts.dispatcher.wake()
    return allocation


def _check(organisation: Organisation, allocation: Allocation) -> None:
    """Where nothing is reserved, an allocation may be of any reservation, and gives nothing."""
    if not organisation.reservations:
        return
    left = {s.id: s.gpus for s in organisation.shares() if s.id in {r.id for r in organisation.reservations}}
    if allocation.reservation_id not in left:
        there_is = ", ".join(left)
        raise invalid("reservation_id", f"there is no reservation {allocation.reservation_id!r}; there is {there_is}")
    if allocation.allocated_instances > left[allocation.reservation_id]:
        raise invalid("allocated_instances", f"the reservation has {left[allocation.reservation_id]} left")
