"""Teams, templates and allocations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TypeVar

from chamber.admin.models import Allocation, Team, Template, TemplateScope
from chamber.core import validation
from chamber.core.listed import Listed
from chamber.core.models import PaginatedResponse
from chamber.core.operations import Operations, operation
from chamber.core.pagination import each_item
from chamber.core.paths import ApiPath, path

__all__ = ["AdminOperations"]

T = TypeVar("T")


class AdminOperations(Operations):
    """Who shares the GPUs, and what they share."""

    @operation
    async def list_teams(self) -> list[Team]:
        """Every team that this token may see. `chamber.admin.team_tree` makes trees of them."""
        return await _every(self, path("teams"), PaginatedResponse[Team])

    @operation
    async def create_team(
        self,
        name: str,
        description: str | None = None,
        parent_id: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Team:
        """Make a team, as a part of the team `parent_id` where it is given.

        `name` has 1 to 255 characters, `description` at most 1,000.

        Raises ValidationError: an argument is outside its bounds; nothing was sent.
        """
        validation.text("name", name)
        validation.length("name", name, 1, 255)
        validation.length("description", description, 0, 1000)
        validation.length("parent_id", parent_id, 1, 255)
        body = {"name": name, "description": description, "parent_id": parent_id, "tags": tags}
        return await self.request("POST", path("teams"), Team, body=body, headers=_key())

    @operation
    async def get_team(self, team_id: str) -> Team:
        """The team with this id. Raises NotFoundError: there is none."""
        return await self.request("GET", path("teams", team_id), Team)

    @operation
    async def list_templates(
        self,
        name: str | None = None,
        scope: TemplateScope | str | None = None,
        include_system: bool = True,
    ) -> list[Template]:
        """The templates whose name has `name` in it, of one scope or of all.

        `include_system`: also those that come with Chamber. Raises ValidationError: there is no such scope.
        """
        params = {
            "name": name,
            "scope": validation.member("scope", scope, TemplateScope),
            "include_system": include_system,
        }
        return await _every(self, path("templates"), PaginatedResponse[Template], params)

    @operation
    async def get_template(self, template_id: str) -> Template:
        """The template with this id. Raises NotFoundError: there is none."""
        return await self.request("GET", path("templates", template_id), Template)

    @operation
    async def list_allocations(self, initiative_id: str) -> list[Allocation]:
        """The allocations of the team `initiative_id`. Raises ValidationError: no team is named."""
        validation.text("initiative_id", initiative_id)
        params = {"initiative_id": initiative_id}
        return await _every(self, path("customer", "allocations"), PaginatedResponse[Allocation], params)

    @operation
    async def create_allocation(self, initiative_id: str, reservation_id: str, allocated_instances: int) -> Allocation:
        """Give a team instances of a reservation; `allocated_instances` is 1 or more.

        Raises ValidationError: an argument is missing or outside its bounds; nothing was sent.
        """
        validation.text("initiative_id", initiative_id)
        validation.text("reservation_id", reservation_id)
        validation.number("allocated_instances", allocated_instances, 1)
        body = {
            "initiative_id": initiative_id,
            "reservation_id": reservation_id,
            "allocated_instances": allocated_instances,
        }
        return await self.request("POST", path("customer", "allocations"), Allocation, body=body, headers=_key())

    @operation
    async def get_allocation(self, allocation_id: str) -> Allocation:
        """The allocation with this id. Raises NotFoundError: there is none."""
        return await self.request("GET", path("customer", "allocations", allocation_id), Allocation)


async def _every(
    operations: Operations,
    collection: ApiPath,
    kind: type[PaginatedResponse[T]],
    params: Mapping[str, object] | None = None,
) -> list[T]:
    """Everything in a collection, page after page where the API makes pages of it."""

    async def page(cursor: str | None) -> tuple[Sequence[T], str | None]:
        asked = {**(params or {}), "next_token": cursor}
        found = await operations.request("GET", collection, kind, params=asked)
        return found.items, found.next_token

    return Listed([item async for item in each_item(page)])


def _key() -> dict[str, str]:
    """A key by which a server that knows it carries a request out only once, however often it comes."""
    return {"Idempotency-Key": str(uuid.uuid4())}
