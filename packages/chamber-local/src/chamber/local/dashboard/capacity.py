"""What there is of GPUs and GPU-hours, and which teams and pools use them."""

from collections.abc import Iterable

import msgspec
from aiohttp import web

from chamber.local.api.capacity import AskedCapacity, capacity
from chamber.local.api.services import services
from chamber.local.api.views import PoolUse, TeamUse
from chamber.local.dashboard.exchange import told
from chamber.local.scheduling.organisation import Share
from chamber.local.storage.holdings import Holding, holdings
from chamber.local.storage.queries import Filter
from chamber.local.workloads import HOLDING, TERMINAL, Status

__all__ = ["Overview", "Pool", "Team", "shown"]

_UNFINISHED = tuple(status for status in Status if status not in TERMINAL)


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """GPUs of one type; `used` and `waiting` are GPUs, the hours are GPU-hours of this month."""

    id: str
    name: str
    gpu_type: str
    total: int
    used: float
    waiting: float
    hours_used: float
    hours_allocated: float


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team; `gpus` are what it holds in each pool, `reserved` what is kept for it, the hours are of this month."""

    id: str
    name: str
    parent_id: str | None
    gpus: dict[str, float]
    reserved: dict[str, int]
    running: int
    waiting: int
    hours_used: float
    hours_allocated: float


class Overview(msgspec.Struct, frozen=True):
    """The pools, and the teams that the user may see."""

    pools: tuple[Pool, ...]
    teams: tuple[Team, ...]


async def shown(request: web.Request) -> web.Response:
    """The handler of ``/capacity``."""
    parts = services(request)
    found = await capacity(parts, AskedCapacity())
    held = await parts.database.read(holdings, parts.seen(Filter(status=_UNFINISHED)))
    shares = (await parts.ledger.organisation(parts.organization_id)).shares()
    return told(
        Overview(
            pools=tuple(_pool(use, held) for use in found.pools),
            teams=tuple(_team(use, held, shares) for use in found.teams),
        )
    )


def _pool(use: PoolUse, held: Iterable[Holding]) -> Pool:
    return Pool(
        id=use.pool.id,
        name=use.pool.name,
        gpu_type=use.pool.gpu_type,
        total=use.pool.total_gpus,
        used=use.used_gpus,
        waiting=sum(h.gpus for h in held if h.capacity_pool_id == use.pool.id and h.status not in HOLDING),
        hours_used=use.hours.used,
        hours_allocated=use.hours.allocated,
    )


def _team(use: TeamUse, held: Iterable[Holding], shares: Iterable[Share]) -> Team:
    reserved = [share for share in shares if share.team_id == use.team.id]
    own = [holding for holding in held if holding.initiative_id == use.team.id]
    holds = [holding for holding in own if holding.status in HOLDING]
    pools = {holding.capacity_pool_id for holding in holds if holding.capacity_pool_id}
    return Team(
        id=use.team.id,
        name=use.team.name,
        parent_id=use.team.parent_id,
        gpus={pool: sum(h.gpus for h in holds if h.capacity_pool_id == pool) for pool in pools},
        reserved={pool: sum(s.gpus for s in reserved if s.pool_id == pool) for pool in {s.pool_id for s in reserved}},
        running=sum(holding.workloads for holding in holds),
        waiting=sum(holding.workloads for holding in own if holding.status not in HOLDING),
        hours_used=use.hours.used,
        hours_allocated=use.hours.allocated,
    )
