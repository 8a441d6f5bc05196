"""Whether anything is going on."""

import sqlite3

import msgspec

from chamber.local.storage.rows import column
from chamber.local.workloads import TERMINAL

__all__ = ["Progress", "progress"]


class Progress(msgspec.Struct, frozen=True):
    """How many changes of status there were, and how many workloads are not over."""

    changes: int
    unfinished: int


def progress(connection: sqlite3.Connection) -> Progress:
    """As it is now."""
    over = sorted(column(status) for status in TERMINAL)
    marks = ", ".join("?" * len(over))
    unfinished = f"SELECT COUNT(*) FROM workloads WHERE status NOT IN ({marks})"  # noqa: S608
    changes = connection.execute("SELECT IFNULL(MAX(seq), 0) FROM events").fetchone()[0]
    return Progress(changes, connection.execute(unfinished, over).fetchone()[0])
