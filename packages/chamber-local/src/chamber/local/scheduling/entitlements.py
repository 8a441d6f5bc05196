"""What of a pool's reserved GPUs is spoken for, team by team.

Work of a team fills the team's own shares first; what these cannot hold overflows to the team above, and so on to the
organisation. Since only the teams below may use a share, this fills as much as any other way of dividing would.
"""

from collections import defaultdict

from chamber.local.scheduling.organisation import Organisation, Share

__all__ = ["SLACK", "Entitlements"]

#: GPUs may be fractions, whose sums are off by less than this.
SLACK = 1e-6

_Place = tuple[str, str | None]


class Entitlements:
    """The shares of an organisation, and the work that is put on them."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._shares: dict[str, Share] = {share.id: share for share in organisation.shares()}
        self._sizes: defaultdict[_Place, float] = defaultdict(float)
        self._inflow: defaultdict[_Place, float] = defaultdict(float)
        self._pinned: defaultdict[str, float] = defaultdict(float)
        reserved = {reservation.id for reservation in organisation.reservations}
        reserved |= {grant.id for grant in organisation.grants}
        self._bound: dict[str, Share] = {name: share for name, share in self._shares.items() if name in reserved}
        self._chains: dict[str, tuple[str | None, ...]] = {}
        for share in self._shares.values():
            self._sizes[share.pool_id, share.team_id] += share.gpus

    def chain(self, team_id: str) -> tuple[str | None, ...]:
        """A team, those above it, and the organisation."""
        if team_id not in self._chains:
            self._chains[team_id] = self._organisation.chain(team_id)
        return self._chains[team_id]

    def share(self, allocation_id: str | None) -> Share | None:
        """The share that work is bound to; where nothing is reserved it is bound to none."""
        return self._bound.get(allocation_id or "")

    def size(self, pool_id: str, team_id: str, share: Share | None = None) -> float:
        """The GPUs that a team's work could use if there were no other."""
        if share is not None:
            return float(share.gpus) if share.pool_id == pool_id else 0.0
        return sum(self._sizes[pool_id, team] for team in self.chain(team_id))

    def nearness(self, pool_id: str, team_id: str) -> int:
        """How far above the team reserved GPUs of the pool are; 0: the team has some itself."""
        chain = self.chain(team_id)
        return next((i for i, team in enumerate(chain) if self._sizes[pool_id, team] > 0), len(chain))

    def room(self, pool_id: str, team_id: str, share: Share | None = None) -> float:
        """The GPUs that more of a team's work could use without taking any from work that was put before."""
        spare = (self._sizes[pool_id, t] - self._inflow[pool_id, t] for t in self._path(team_id, share))
        room = sum(max(0.0, gpus) for gpus in spare)
        return room if share is None else max(0.0, min(room, share.gpus - self._pinned[share.id]))

    def put(self, pool_id: str, team_id: str, gpus: float, share: Share | None = None) -> None:
        """Puts work on its team's shares, whether they have room for it or not."""
        if share is not None:
            self._pinned[share.id] += gpus
        for team in self._path(team_id, share):
            place = (pool_id, team)
            before = max(0.0, self._inflow[place] - self._sizes[place])
            self._inflow[place] += gpus
            gpus = max(0.0, self._inflow[place] - self._sizes[place]) - before
            if gpus <= 0:
                return

    def _path(self, team_id: str, share: Share | None) -> tuple[str | None, ...]:
        if share is None:
            return self.chain(team_id)
        return self.chain(share.team_id) if share.team_id else (None,)
