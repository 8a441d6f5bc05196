"""GET /capacity: the pools, and the GPU-hours of this calendar month.

Nobody sold these GPU-hours. What is allocated to a team is its budget where it has one, and else what the GPUs could
give in the month that it may use for reserved work: all of them where nothing is reserved.
"""

import calendar
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from chamber.local.api.errors import not_found
from chamber.local.api.services import Services
from chamber.local.api.views import Capacity, Hours, PoolUse, TeamUse
from chamber.local.clock import month
from chamber.local.permissions import Act, permits
from chamber.local.scheduling.organisation import Organisation
from chamber.local.scheduling.room import used_gpus
from chamber.local.storage import statistics, tenancy
from chamber.local.storage.nouns import Team
from chamber.local.storage.queries import Filter
from chamber.local.storage.statistics import Using
from chamber.local.workloads import Pool

__all__ = ["AskedCapacity", "capacity"]


class AskedCapacity(msgspec.Struct, kw_only=True):
    """One team or one pool."""

    initiative_id: str | None = None
    pool_id: str | None = None


async def capacity(parts: Services, query: AskedCapacity) -> Capacity:
    """What there is, and what of it is used."""
    organisation, now = await parts.ledger.organisation(parts.organization_id), parts.ledger.clock()
    pools, teams = _pools(organisation, query.pool_id), await _teams(parts, query.initiative_id)
    chosen = parts.seen(
        Filter(initiative_id=tuple(team.id for team in teams), capacity_pool_id=tuple(p.id for p in pools))
    )
    by_pool = await _used(parts, chosen, now, "capacity_pool_id")
    by_team = await _used(parts, chosen, now, "initiative_id")
    held = await parts.ledger.claims()
    whole = Hours(sum(_hours(pool.total_gpus, now) for pool in pools), sum(by_pool.values()))
    uses = tuple(
        TeamUse(team, Hours(_allocated(organisation, team.id, pools, now), by_team.get(team.id, 0.0))) for team in teams
    )
    return Capacity(
        organization_id=parts.organization_id,
        hours=whole,
        budget=uses[0].hours if query.initiative_id and uses else whole,
        pools=tuple(
            PoolUse(pool, Hours(_hours(pool.total_gpus, now), by_pool.get(pool.id, 0.0)), used_gpus(pool, held))
            for pool in pools
        ),
        teams=uses,
    )


def _pools(organisation: Organisation, pool_id: str | None) -> tuple[Pool, ...]:
    pools = tuple(pool for pool in organisation.pools if pool_id in {None, pool.id})
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


async def _used(parts: Services, chosen: Filter, now: datetime, key: Using) -> Mapping[str, float]:
    return await parts.database.read(statistics.gpu_hours_since, chosen, month(now), now, key)


def _allocated(organisation: Organisation, team_id: str, pools: Sequence[Pool], now: datetime) -> float:
    """The team's budget, else what the GPUs could give that it may use for reserved work."""
    if team_id in organisation.budgets:
        return organisation.budgets[team_id]
    chain, asked = organisation.chain(team_id), {pool.id for pool in pools}
    shares = (share for share in organisation.shares() if share.pool_id in asked and share.team_id in chain)
    return sum(_hours(share.gpus, now) for share in shares)


def _hours(gpus: int, now: datetime) -> float:
    return gpus * 24.0 * calendar.monthrange(now.year, now.month)[1]
