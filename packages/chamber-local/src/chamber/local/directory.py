"""Which organization each team belongs to, and which teams are below which."""

from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["Directory", "Place"]


class Place(msgspec.Struct, frozen=True):
    """Where a team is."""

    organization_id: str
    parent_id: str | None = None


class Directory:
    """Every team's place, held in memory because each request asks. Lives in the server's loop."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)
        self._organizations = {place.organization_id for place in places.values()}

    def add(self, team_id: str, place: Place) -> None:
        """Takes a new team in."""
        self._places[team_id] = place
        self._organizations.add(place.organization_id)

    def organization_of(self, team_id: str) -> str | None:
        """The organization of a team; None when there is no such team."""
        place = self._places.get(team_id)
        return place.organization_id if place else None

    def teams_of(self, organization_id: str) -> frozenset[str]:
        """The teams of an organization."""
        return frozenset(team for team, place in self._places.items() if place.organization_id == organization_id)

    def is_all(self, organization_id: str) -> bool:
        """True when every team is of that organization."""
        return self._organizations <= {organization_id}

    def within(self, teams: Iterable[str], organization_id: str) -> frozenset[str]:
        """Those of the teams, and of the teams below them, that belong to an organization."""
        roots = frozenset(teams)
        return frozenset(team for team in self.teams_of(organization_id) if self._is_below(team, roots))

    def _is_below(self, team_id: str, roots: frozenset[str]) -> bool:
        at: str | None = team_id
        while at is not None and at not in roots:
            at = self._places[at].parent_id
        return at is not None
