"""Who uses a Chamber: users, their roles, and the organizations and teams that they belong to."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from chamber.core.errors import ConfigurationError

__all__ = ["ORGANIZATION", "Role", "User"]

#: The organization that is there from the beginning.
ORGANIZATION = "org_local"


class Role(StrEnum):
    """What a user is in each of their organizations; `chamber.local.permissions` says what it lets them do."""

    ORG_ADMIN = "ORG_ADMIN"
    TEAM_LEAD = "TEAM_LEAD"
    MEMBER = "MEMBER"


class User(msgspec.Struct, frozen=True):
    """A user of a LocalChamber, who gets a token of their own.

    ::

        LocalChamber(users=[User("ada", role="MEMBER", organizations=["org_a", "org_b"], teams=["ml"])])

    Without `organizations` they belong to the one that is there from the beginning, and without `teams` to its team. An
    organization or a team that is not there is made; a team, in the user's first organization.

    Raises ConfigurationError: there is no such role, or no name.
    """

    name: str
    role: Role | str = Role.ORG_ADMIN
    organizations: Sequence[str] = ()
    teams: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.role not in tuple(Role) or not self.name:
            raise ConfigurationError(f"{self!r} needs a name, and a role that is one of {', '.join(Role)}")
        msgspec.structs.force_setattr(self, "role", Role(self.role))
        msgspec.structs.force_setattr(self, "organizations", tuple(self.organizations))
        if self.teams is not None:
            msgspec.structs.force_setattr(self, "teams", tuple(self.teams))
