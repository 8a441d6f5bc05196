"""Changes of status, in the order in which they happened."""

import sqlite3
from datetime import datetime

import msgspec

from chamber.local.storage.queries import Filter, conditions
from chamber.local.storage.rows import to_structs
from chamber.local.workloads import Status

__all__ = ["Change", "Changes", "latest", "since"]

_MOST = 500


class Change(msgspec.Struct, frozen=True):
    """A workload came to a status."""

    id: str
    name: str
    initiative_id: str
    status: Status
    at: datetime
    reason: str | None = None


class Changes(msgspec.Struct, frozen=True):
    """Some changes, and the number of the last that was looked at."""

    items: tuple[Change, ...]
    latest: int


def latest(connection: sqlite3.Connection) -> int:
    """The number of the last change; 0 before the first."""
    return int(connection.execute("SELECT IFNULL(MAX(seq), 0) FROM events").fetchone()[0])


def since(connection: sqlite3.Connection, chosen: Filter, seq: int) -> Changes:
    """What happened to the chosen workloads after the change of that number: of at most the next 500."""
    next_ones = f"SELECT * FROM events WHERE seq > {seq:d} ORDER BY seq LIMIT {_MOST}"  # noqa: S608
    last = connection.execute(f"SELECT MAX(seq) FROM ({next_ones})").fetchone()[0]  # noqa: S608
    if last is None:
        return Changes((), seq)
    where, values = conditions(chosen)
    rows = connection.execute(
        "SELECT id, name, initiative_id, event.status, at, reason "  # noqa: S608
        f"FROM ({next_ones}) AS event JOIN (SELECT id, name, initiative_id FROM workloads WHERE {where}) AS workload "
        "ON workload.id = event.workload_id ORDER BY event.seq",
        values,
    )
    return Changes(to_structs(Change, rows), last)
