"""GET /capacity: the pools, and the GPU-hours of this calendar month.

Nobody sold these GPU-hours. What is allocated to a team is its budget where it has one, and else what the GPUs could
give in the month that it may use for reserved work: all of them where nothing is reserved. What the teams below use
counts, as it does for the scheduler, and no team has more left than those above it.
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
from chamber.local.scheduling.budgets import left, with_those_below
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
    within = Filter(capacity_pool_id=tuple(pool.id for pool in pools))
    shown = msgspec.structs.replace(within, initiative_id=_and_below(organisation, teams))
    by_pool = await _used(parts, parts.seen(shown), now, "capacity_pool_id")
    counted = with_those_below(organisation, await _used(parts, within, now, "initiative_id"))
    held = await parts.ledger.claims()
    whole = Hours(sum(_hours(pool.total_gpus, now) for pool in pools), sum(by_pool.values()))

    def hours(team_id: str) -> Hours:
        allocated = _allocated(organisation, team_id, pools, now)
        return Hours(allocated, counted.get(team_id, 0.0), left(organisation, counted, team_id))

    uses = tuple(TeamUse(team, hours(team.id)) for team in teams)
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


def _and_below(organisation: Organisation, teams: Sequence[Team]) -> tuple[str, ...]:
    """The ids of teams, and of all below them."""
    ids = {team.id for team in teams}
    below = {team for team in organisation.parents if not ids.isdisjoint(organisation.chain(team))}
    return tuple(sorted(ids | below))


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
