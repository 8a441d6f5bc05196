"""Users' places in a Chamber that starts: what they belong to is made where it is not there."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from chamber.core.errors import ConfigurationError
from chamber.local.directory import Directory, Place
from chamber.local.seed import TEAM, USER
from chamber.local.storage import nouns, tenancy
from chamber.local.storage.nouns import Team
from chamber.local.users import ORGANIZATION, User

__all__ = ["FIRST", "completed", "directory", "enrol"]

#: Who a Chamber's own token belongs to.
FIRST = User(USER, organizations=(ORGANIZATION,), teams=(TEAM,))


def completed(user: User) -> User:
    """A user with what they belong to when nothing else is said."""
    organizations = user.organizations or (ORGANIZATION,)
    at_home = (TEAM,) if ORGANIZATION in organizations else ()
    return msgspec.structs.replace(
        user, organizations=organizations, teams=at_home if user.teams is None else user.teams
    )


def enrol(connection: sqlite3.Connection, users: Iterable[User], at: datetime) -> None:
    """Makes the teams of users that are not there. Raises ConfigurationError: one is of another organization."""
    for user in users:
        for team in user.teams or ():
            _join(connection, user, team, at)


def directory(connection: sqlite3.Connection) -> Directory:
    """Where every team is."""
    of = tenancy.organizations(connection, "team")
    teams = nouns.listed(connection, Team)
    return Directory({team.id: Place(of.get(team.id, ORGANIZATION), team.parent_id) for team in teams})


def _join(connection: sqlite3.Connection, user: User, team_id: str, at: datetime) -> None:
    if nouns.find(connection, Team, team_id) is None:
        nouns.add(connection, Team(id=team_id, name=team_id, created_at=at))
        tenancy.assign(connection, "team", team_id, user.organizations[0])
    if not any(tenancy.find(connection, Team, team_id, organization) for organization in user.organizations):
        raise ConfigurationError(f"{user!r} does not belong to the organization of the team {team_id!r}")
