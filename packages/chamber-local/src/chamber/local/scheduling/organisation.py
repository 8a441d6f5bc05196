"""What there is to run on, and whom it is for."""

from collections.abc import Iterator, Mapping

import msgspec

from chamber.local.users import ORGANIZATION
from chamber.local.workloads import Pool, Reservation

__all__ = ["Grant", "Organisation", "Share"]

_NOBODY: Mapping[str, str | None] = {}
_NOTHING: Mapping[str, float] = {}
_EVERYWHERE: Mapping[str, str] = {}


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
    """Pools, and who may use them. `parents` is the team above each, `budgets` the GPU-hours of a month.

    `organizations` says whose a team is, where it is not of the first organization.
    """

    pools: tuple[Pool, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    grants: tuple[Grant, ...] = ()
    parents: Mapping[str, str | None] = _NOBODY
    budgets: Mapping[str, float] = _NOTHING
    organizations: Mapping[str, str] = _EVERYWHERE

    def organization_of(self, team_id: str) -> str:
        """Whose a team is."""
        return self.organizations.get(team_id, ORGANIZATION)

    def pools_of(self, organization_id: str) -> tuple[Pool, ...]:
        """Its own pools, and those that all share."""
        return tuple(pool for pool in self.pools if pool.organization_id in {None, organization_id})

    def reserves(self, organization_id: str) -> bool:
        """True when something is reserved in its pools."""
        reserving = self._reserving()
        return any(pool.organization_id in reserving for pool in self.pools_of(organization_id))

    def seen_by(self, organization_id: str) -> "Organisation":
        """What an organization may know of it."""
        pools = self.pools_of(organization_id)
        reservations = tuple(
            one
            for one in self.reservations
            if one.pool_id in {pool.id for pool in pools}
            and (one.team_id is None or self.organization_of(one.team_id) == organization_id)
        )
        kept = {one.id for one in reservations}
        grants = tuple(grant for grant in self.grants if grant.reservation_id in kept)
        return msgspec.structs.replace(self, pools=pools, reservations=reservations, grants=grants)

    def shares(self) -> tuple[Share, ...]:
        """Every reserved GPU once: allocations in the order of their making, and what each reservation has left.

        Where an organization has no reservations in its pools, all of their GPUs are reserved for it.
        """
        reserving = self._reserving()
        whole = (Share(p.id, None, p.id, p.total_gpus) for p in self.pools if p.organization_id not in reserving)
        return (*whole, *(share for reservation in self.reservations for share in self._shares_of(reservation)))

    def _reserving(self) -> frozenset[str | None]:
        """Whose pools have reservations; None: those that are shared."""
        reserved = {reservation.pool_id for reservation in self.reservations}
        return frozenset(pool.organization_id for pool in self.pools if pool.id in reserved)

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
        whose = next((pool.organization_id for pool in self.pools if pool.id == reservation.pool_id), None)
        for grant in self.grants:
            if grant.reservation_id == reservation.id and whose in {None, self.organization_of(grant.team_id)}:
                given = min(grant.gpus, left)
                left -= given
                yield Share(grant.id, grant.team_id, reservation.pool_id, given)
        yield Share(reservation.id, reservation.team_id, reservation.pool_id, left)
