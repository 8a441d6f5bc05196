"""Teams, templates and allocations."""

import sqlite3
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from chamber.local.storage.rows import insert, to_struct, to_structs

__all__ = ["Allocation", "Team", "Template", "add", "find", "listed", "place", "put"]


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team, called initiative on the wire."""

    id: str
    name: str
    description: str | None = None
    parent_id: str | None = None
    tags: dict[str, str] = {}
    created_at: datetime


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that a submission can start from."""

    id: str
    name: str
    scope: str
    description: str | None = None
    gpu_type: str | None = None
    requested_gpus: float | None = None
    k8s_manifest: str | None = None
    configuration: dict[str, Any] = {}
    is_system: bool = False


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a reservation, given to a team."""

    id: str
    initiative_id: str
    reservation_id: str
    allocated_instances: int
    status: str = "ACTIVE"
    created_at: datetime


N = TypeVar("N", Team, Template, Allocation)

_TABLES: dict[type[msgspec.Struct], str] = {Team: "teams", Template: "templates", Allocation: "allocations"}


def add(connection: sqlite3.Connection, noun: Team | Template | Allocation) -> None:
    """Records one."""
    insert(connection, _TABLES[type(noun)], noun)


def put(connection: sqlite3.Connection, noun: Team | Allocation) -> None:
    """Records one, or what is said of the one that has its id already."""
    if isinstance(noun, Team):
        if find(connection, Team, noun.id) is None:
            add(connection, noun)
        connection.execute("UPDATE teams SET name = ? WHERE id = ?", (noun.name, noun.id))
    elif find(connection, Allocation, noun.id) is None:
        add(connection, noun)
    else:
        connection.execute(
            "UPDATE allocations SET initiative_id = ?, reservation_id = ?, allocated_instances = ? WHERE id = ?",
            (noun.initiative_id, noun.reservation_id, noun.allocated_instances, noun.id),
        )


def place(connection: sqlite3.Connection, team_id: str, parent_id: str | None) -> None:
    """Puts a team below another, or below none."""
    connection.execute("UPDATE teams SET parent_id = ? WHERE id = ?", (parent_id, team_id))


def find(connection: sqlite3.Connection, kind: type[N], noun_id: str) -> N | None:
    """One by its id, or None."""
    row = connection.execute(f"SELECT * FROM {_TABLES[kind]} WHERE id = ?", (noun_id,)).fetchone()  # noqa: S608
    return to_struct(kind, row) if row else None


def listed(connection: sqlite3.Connection, kind: type[N]) -> tuple[N, ...]:
    """All of a kind, in the order in which they were made."""
    return to_structs(kind, connection.execute(f"SELECT * FROM {_TABLES[kind]} ORDER BY seq"))  # noqa: S608
