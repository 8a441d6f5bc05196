"""What there is to run on, and whom it is for."""

from collections.abc import Iterator, Mapping

import msgspec

from chamber.local.workloads import Pool, Reservation

__all__ = ["Grant", "Organisation", "Share"]

_NOBODY: Mapping[str, str | None] = {}
_NOTHING: Mapping[str, float] = {}


class Grant(msgspec.Struct, frozen=True):
    """An allocation: GPUs of a reservation, given to a team."""

    id: str
    team_id: str
    reservation_id: str
    gpus: int


class Share(msgspec.Struct, frozen=True):
    """GPUs of a pool that are reserved for a team (None: for the organisation)."""

    id: str
    team_id: str | None
    pool_id: str
    gpus: int


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """Pools, and who may use them. `parents` is the team above each, `budgets` the GPU-hours of a month."""

    pools: tuple[Pool, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    grants: tuple[Grant, ...] = ()
    parents: Mapping[str, str | None] = _NOBODY
    budgets: Mapping[str, float] = _NOTHING

    def shares(self) -> tuple[Share, ...]:
        """Every reserved GPU once: allocations in the order of their making, and what each reservation has left."""
        if not self.reservations:
            return tuple(Share(pool.id, None, pool.id, pool.total_gpus) for pool in self.pools)
        return tuple(share for reservation in self.reservations for share in self._shares_of(reservation))

    def chain(self, team_id: str) -> tuple[str | None, ...]:
        """A team, those above it, and the organisation."""
        teams: list[str | None] = []
        team: str | None = team_id
        while team is not None and team not in teams:
            teams.append(team)
            team = self.parents.get(team)
        return (*teams, None)

    def _shares_of(self, reservation: Reservation) -> Iterator[Share]:
        left = reservation.gpus
        for grant in self.grants:
            if grant.reservation_id == reservation.id:
                given = min(grant.gpus, left)
                left -= given
                yield Share(grant.id, grant.team_id, reservation.pool_id, given)
        yield Share(reservation.id, reservation.team_id, reservation.pool_id, left)
