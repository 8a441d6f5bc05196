"""GET /capacity: the pools, and the GPU-hours of this calendar month.

Nobody sold these GPU-hours: what is allocated is what the pools could give in the month, and every team may use it.
"""

import calendar
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from chamber.local.api import documented, requests
from chamber.local.api.answers import answer
from chamber.local.api.errors import not_found
from chamber.local.api.services import Services, services
from chamber.local.scheduler import used_gpus
from chamber.local.storage import nouns, statistics
from chamber.local.storage.nouns import Team
from chamber.local.storage.queries import Filter
from chamber.local.workloads import Pool, Workload

__all__ = ["capacity"]


class _Capacity(msgspec.Struct, kw_only=True):
    initiative_id: str | None = None
    pool_id: str | None = None


async def capacity(request: web.Request) -> web.Response:
    """What there is, and what of it is used."""
    parts, asked = services(request), requests.query(request, _Capacity)
    pools = [pool for pool in parts.pools if asked.pool_id in {None, pool.id}]
    if asked.pool_id and not pools:
        raise not_found("pool", asked.pool_id)
    teams = await _teams(parts, asked.initiative_id)
    now = parts.ledger.clock()
    chosen = Filter(initiative_id=tuple(team.id for team in teams), capacity_pool_id=tuple(p.id for p in pools))
    by_pool = await _hours(parts, chosen, now, "capacity_pool_id")
    by_team = await _hours(parts, chosen, now, "initiative_id")
    held = await parts.ledger.unfinished()
    allocated = sum(_allocated(pool, now) for pool in pools)
    data = {
        "organization_id": parts.organization_id,
        "summary": _summary(allocated, sum(by_pool.values()), sum(used_gpus(pool, held) for pool in pools)),
        "pools": [_pool(pool, by_pool.get(pool.id, 0.0), held, now) for pool in pools],
        "initiatives": [_team(team, allocated, by_team.get(team.id, 0.0)) for team in teams],
    }
    return answer(request, data)


async def _teams(parts: Services, team_id: str | None) -> list[Team]:
    teams = [t for t in await parts.database.read(nouns.listed, Team) if team_id in {None, t.id}]
    if team_id and not teams:
        raise not_found("team", team_id)
    return teams


async def _hours(parts: Services, chosen: Filter, now: datetime, key: str) -> Mapping[str, float]:
    return await parts.database.read(statistics.gpu_hours_since, chosen, _month(now), now, key)


def _month(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _allocated(pool: Pool, now: datetime) -> float:
    return pool.total_gpus * 24.0 * calendar.monthrange(now.year, now.month)[1]


def _summary(allocated: float, used: float, active: float) -> dict[str, float]:
    return {
        "total_allocated_gpu_hours": allocated,
        "total_used_gpu_hours": used,
        "total_remaining_gpu_hours": allocated - used,
        "current_active_gpus": documented.number(active),
    }


def _pool(pool: Pool, used_hours: float, held: tuple[Workload, ...], now: datetime) -> dict[str, Any]:
    used, allocated = used_gpus(pool, held), _allocated(pool, now)
    return {
        "pool_id": pool.id,
        "name": pool.name,
        "allocated_gpu_hours": allocated,
        "used_gpu_hours": used_hours,
        "remaining_gpu_hours": allocated - used_hours,
        "instance_types": [pool.gpu_type],
        "gpu_type": pool.gpu_type,
        "total_gpus": pool.total_gpus,
        "used_gpus": documented.number(used),
        "available_gpus": documented.number(pool.total_gpus - used),
    }


def _team(team: Team, allocated: float, used: float) -> dict[str, Any]:
    return {
        "initiative_id": team.id,
        "name": team.name,
        "allocated_gpu_hours": allocated,
        "used_gpu_hours": used,
        "remaining_gpu_hours": allocated - used,
    }
