"""Which organization a team, a template or an allocation belongs to.

It is written down of teams and templates; what is not belongs to the first organization. An allocation is its team's,
and a template of the system is everybody's.
"""

import sqlite3
from collections.abc import Mapping
from typing import Literal, TypeVar

from chamber.local.storage import nouns
from chamber.local.storage.nouns import Allocation, Team, Template
from chamber.local.users import ORGANIZATION

__all__ = ["Kind", "assign", "find", "listed", "organization_of_team", "organizations", "prepare"]

Kind = Literal["team", "template"]
N = TypeVar("N", Team, Template, Allocation)


def prepare(connection: sqlite3.Connection) -> None:
    """Makes the table where it is not."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS tenancy (kind TEXT NOT NULL, noun_id TEXT NOT NULL, organization_id TEXT NOT NULL, "
        "PRIMARY KEY (kind, noun_id)) WITHOUT ROWID"
    )


def assign(connection: sqlite3.Connection, kind: Kind, noun_id: str, organization_id: str) -> None:
    """Writes down whose it is."""
    connection.execute("INSERT OR REPLACE INTO tenancy VALUES (?, ?, ?)", (kind, noun_id, organization_id))


def organizations(connection: sqlite3.Connection, kind: Kind) -> Mapping[str, str]:
    """The organization of each that has one written down."""
    rows = connection.execute("SELECT noun_id, organization_id FROM tenancy WHERE kind = ?", (kind,))
    return {row["noun_id"]: row["organization_id"] for row in rows}


def organization_of_team(connection: sqlite3.Connection, team_id: str) -> str:
    """Whose a team is."""
    return _organization(connection, "team", team_id)


def find(connection: sqlite3.Connection, kind: type[N], noun_id: str, organization_id: str) -> N | None:
    """One of an organization by its id, or None."""
    noun = nouns.find(connection, kind, noun_id)
    return noun if noun is not None and _belongs(connection, noun, organization_id) else None


def listed(connection: sqlite3.Connection, kind: type[N], organization_id: str) -> tuple[N, ...]:
    """All of a kind that an organization has, in the order in which they were made."""
    return tuple(noun for noun in nouns.listed(connection, kind) if _belongs(connection, noun, organization_id))


def _belongs(connection: sqlite3.Connection, noun: Team | Template | Allocation, organization_id: str) -> bool:
    if isinstance(noun, Template):
        return noun.is_system or _organization(connection, "template", noun.id) == organization_id
    team = noun.initiative_id if isinstance(noun, Allocation) else noun.id
    return _organization(connection, "team", team) == organization_id


def _organization(connection: sqlite3.Connection, kind: Kind, noun_id: str) -> str:
    asked = "SELECT organization_id FROM tenancy WHERE kind = ? AND noun_id = ?"
    row = connection.execute(asked, (kind, noun_id)).fetchone()
    return str(row["organization_id"]) if row else ORGANIZATION
