"""Whether anything is going on."""

import sqlite3

import msgspec

__all__ = ["Progress", "progress"]


class Progress(msgspec.Struct, frozen=True):
    """How many changes of status there were, and how many workloads are not over."""

    changes: int
    unfinished: int


def progress(connection: sqlite3.Connection) -> Progress:
    """As it is now."""
    unfinished = "SELECT COUNT(*) FROM workloads WHERE status IN ('PENDING', 'QUEUED', 'STARTING', 'RUNNING')"
    changes = connection.execute("SELECT IFNULL(MAX(seq), 0) FROM events").fetchone()[0]
    return Progress(changes, connection.execute(unfinished).fetchone()[0])
