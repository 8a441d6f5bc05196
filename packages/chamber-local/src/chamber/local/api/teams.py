"""Teams, called initiatives on the wire."""

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
from chamber.local.storage.nouns import Team

__all__ = ["create_team", "get_team", "list_teams"]


class _NewTeam(msgspec.Struct, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    description: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    parent_id: str | None = None
    tags: dict[str, Any] | None = None


async def list_teams(request: web.Request) -> web.Response:
    """GET /teams."""
    teams = await services(request).database.read(nouns.listed, Team)
    return answer(request, {"teams": [_shown(team) for team in teams]}, metadata=_whole(len(teams)))


async def get_team(request: web.Request) -> web.Response:
    """GET /teams/{team_id}."""
    team_id = request.match_info["team_id"]
    team = await services(request).database.read(nouns.find, Team, team_id)
    if team is None:
        raise not_found("team", team_id)
    return answer(request, _shown(team))


async def create_team(request: web.Request) -> web.Response:
    """POST /teams."""
    parts, asked = services(request), await requests.body(request, _NewTeam)
    team = Team(
        id=f"init_{secrets.token_hex(8)}",
        name=asked.name,
        description=asked.description,
        parent_id=asked.parent_id,
        tags=asked.tags or {},
        created_at=parts.ledger.clock(),
    )
    await parts.database.write(_add, team)
    return answer(request, _shown(team), status=201)


def _add(connection: sqlite3.Connection, team: Team) -> None:
    if team.parent_id is not None and nouns.find(connection, Team, team.parent_id) is None:
        raise invalid("parent_id", f"there is no team {team.parent_id!r}")
    nouns.add(connection, team)


def _shown(team: Team) -> dict[str, Any]:
    return {**msgspec.structs.asdict(team), "created_at": stamp(team.created_at)}


def _whole(count: int) -> dict[str, Any]:
    return {"next_token": None, "total_count": count}
