"""GET /capacity: the pools, and the GPU-hours of this calendar month.

Nobody sold these GPU-hours: what is allocated is what the pools could give in the month, and every team may use it.
"""

import calendar
from collections.abc import Mapping
from datetime import datetime

import msgspec

from chamber.local.api.errors import not_found
from chamber.local.api.services import Services
from chamber.local.api.views import Capacity, Hours, PoolUse, TeamUse
from chamber.local.permissions import Act, permits
from chamber.local.scheduler import used_gpus
from chamber.local.storage import statistics, tenancy
from chamber.local.storage.nouns import Team
from chamber.local.storage.queries import Filter
from chamber.local.workloads import Pool

__all__ = ["AskedCapacity", "capacity"]


class AskedCapacity(msgspec.Struct, kw_only=True):
    """One team or one pool."""

    initiative_id: str | None = None
    pool_id: str | None = None


async def capacity(parts: Services, query: AskedCapacity) -> Capacity:
    """What there is, and what of it is used."""
    pools, teams = _pools(parts, query.pool_id), await _teams(parts, query.initiative_id)
    now = parts.ledger.clock()
    chosen = parts.seen(
        Filter(initiative_id=tuple(team.id for team in teams), capacity_pool_id=tuple(p.id for p in pools))
    )
    by_pool = await _used(parts, chosen, now, "capacity_pool_id")
    by_team = await _used(parts, chosen, now, "initiative_id")
    held = await parts.ledger.unfinished()
    allocated = sum(_allocated(pool, now) for pool in pools)
    return Capacity(
        organization_id=parts.organization_id,
        hours=Hours(allocated, sum(by_pool.values())),
        pools=tuple(
            PoolUse(pool, Hours(_allocated(pool, now), by_pool.get(pool.id, 0.0)), used_gpus(pool, held))
            for pool in pools
        ),
        teams=tuple(TeamUse(team, Hours(allocated, by_team.get(team.id, 0.0))) for team in teams),
    )


def _pools(parts: Services, pool_id: str | None) -> tuple[Pool, ...]:
    pools = tuple(pool for pool in parts.pools if pool_id in {None, pool.id})
    if pool_id and not pools:
        raise not_found("pool", pool_id)
    return pools


async def _teams(parts: Services, team_id: str | None) -> tuple[Team, ...]:
    held = await parts.database.read(tenancy.listed, Team, parts.organization_id)
    teams = tuple(team for team in held if team_id in {None, team.id})
    if team_id and not teams:
        raise not_found("team", team_id)
    if team_id:
        parts.require(Act.SEE_WORK, team_id)
    return tuple(team for team in teams if permits(parts.caller, Act.SEE_WORK, team.id))


async def _used(parts: Services, chosen: Filter, now: datetime, key: str) -> Mapping[str, float]:
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return await parts.database.read(statistics.gpu_hours_since, chosen, month, now, key)


def _allocated(pool: Pool, now: datetime) -> float:
    return pool.total_gpus * 24.0 * calendar.monthrange(now.year, now.month)[1]
