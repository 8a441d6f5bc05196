"""What each role may do: the one table, and the question that is asked of it.

Teams are a tree: whoever belongs to a team belongs to the teams below it.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from chamber.local.users import Role

__all__ = ["PERMISSIONS", "Act", "Caller", "Extent", "permits"]


class Act(StrEnum):
    """What is asked for."""

    SEE_TEAMS = "see teams and templates"
    SEE_WORK = "see workloads, their metrics and output, and allocations"
    SUBMIT = "submit workloads"
    CANCEL = "cancel workloads"
    CREATE_TEAM = "create teams"
    CREATE_ALLOCATION = "create allocations"


class Extent(StrEnum):
    """Where in the organization that the request is for."""

    NOWHERE = "nowhere"
    OWN = "only in their teams where they submitted it"
    TEAMS = "only in their teams"
    EVERYWHERE = "everywhere"


#: From Chamber's own words: an admin has full access, a member's access is "based on team membership", and results are
#: "filtered based on your role and team access". Nothing of another organization is there for anybody.
PERMISSIONS: Mapping[Act, Mapping[Role, Extent]] = {
    act: dict(zip(Role, extents, strict=True))
    for act, extents in {
        # role:                ORG_ADMIN          TEAM_LEAD          MEMBER
        Act.SEE_TEAMS: (Extent.EVERYWHERE, Extent.EVERYWHERE, Extent.EVERYWHERE),
        Act.SEE_WORK: (Extent.EVERYWHERE, Extent.TEAMS, Extent.TEAMS),
        Act.SUBMIT: (Extent.EVERYWHERE, Extent.TEAMS, Extent.TEAMS),
        Act.CANCEL: (Extent.EVERYWHERE, Extent.TEAMS, Extent.OWN),
        Act.CREATE_TEAM: (Extent.EVERYWHERE, Extent.NOWHERE, Extent.NOWHERE),
        Act.CREATE_ALLOCATION: (Extent.EVERYWHERE, Extent.NOWHERE, Extent.NOWHERE),
    }.items()
}


class Caller(msgspec.Struct, frozen=True):
    """Who asks, in which organization; `teams` are theirs in it and all below them."""

    user: str
    role: Role
    organization_id: str
    teams: frozenset[str] = frozenset()


def permits(caller: Caller, act: Act, team_id: str | None = None, owner: str | None = None) -> bool:
    """True when the caller may do it to what a team of their organization has, and `owner` submitted."""
    extent = PERMISSIONS[act][caller.role]
    if extent is Extent.OWN:
        return team_id in caller.teams and owner == caller.user
    return extent is Extent.EVERYWHERE or (extent is Extent.TEAMS and team_id in caller.teams)
