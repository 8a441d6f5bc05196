"""Teams, called initiatives on the wire."""

import secrets
import sqlite3
from typing import Annotated

import msgspec

from chamber.local.api.asked import Id, Tags, TeamId
from chamber.local.api.errors import invalid, not_found
from chamber.local.api.services import Services
from chamber.local.api.views import Teams
from chamber.local.directory import Place
from chamber.local.permissions import Act
from chamber.local.storage import nouns, tenancy
from chamber.local.storage.nouns import Team

__all__ = ["NewTeam", "create_team", "get_team", "list_teams"]


class NewTeam(msgspec.Struct, kw_only=True):
    """The body, with the bounds of the reference."""

    name: Id
    description: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    parent_id: TeamId | None = None
    tags: Tags | None = None


async def list_teams(parts: Services) -> Teams:
    """All teams, oldest first."""
    return Teams(await parts.database.read(tenancy.listed, Team, parts.organization_id))


async def get_team(parts: Services, team_id: str) -> Team:
    """One team."""
    team = await parts.database.read(tenancy.find, Team, team_id, parts.organization_id)
    if team is None:
        raise not_found("team", team_id)
    return team


async def create_team(parts: Services, body: NewTeam) -> Team:
    """A new team, below another where `parent_id` says so."""
    parts.require(Act.CREATE_TEAM)
    if body.parent_id is not None and not parts.has(body.parent_id):
        raise invalid("parent_id", f"there is no team {body.parent_id!r}")
    team = Team(
        id=f"init_{secrets.token_hex(8)}",
        name=body.name,
        description=body.description,
        parent_id=body.parent_id,
        tags=body.tags or {},
        created_at=parts.ledger.clock(),
    )
    await parts.database.write(_add, team, parts.organization_id)
    parts.directory.add(team.id, Place(parts.organization_id, team.parent_id))
    return team


def _add(connection: sqlite3.Connection, team: Team, organization_id: str) -> None:
    nouns.add(connection, team)
    tenancy.assign(connection, "team", team.id, organization_id)
