"""From the tables of an older chamber-local to those of this one, in place."""

import sqlite3

from chamber.core.errors import ConfigurationError
from chamber.local.storage import sums
from chamber.local.storage.columns import ADDED
from chamber.local.storage.schema import SCHEMA, VERSION

__all__ = ["migrate"]

#: Indexes of version 0 that others have taken the place of.
_REPLACED = ("workloads_status", "workloads_initiative")


def migrate(connection: sqlite3.Connection) -> None:
    """Makes the tables, or brings them up to date, in the transaction that is open.

    Raises ConfigurationError: a newer chamber-local wrote them.
    """
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise ConfigurationError(
            f"the data folder was written by a newer chamber-local (schema {found}, this one knows up to {VERSION}): "
            "update chamber-local, or take another data_dir"
        )
    if found == VERSION:
        return
    older = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'workloads'").fetchone() is not None
    if older and found < 1:
        _add_columns(connection)
    for statement in SCHEMA:
        connection.execute(statement)
    if older and found < 1:
        _count(connection)
    if older:
        _sum_up(connection)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _add_columns(connection: sqlite3.Connection) -> None:
    for column in ADDED:
        connection.execute(f"ALTER TABLE workloads ADD COLUMN {column}")
    for index in _REPLACED:
        connection.execute(f"DROP INDEX IF EXISTS {index}")


def _count(connection: sqlite3.Connection) -> None:
    """Fills what triggers keep from then on."""
    connection.execute(
        "INSERT INTO workload_counts SELECT status, job_class, gpu_type, initiative_id, submitted_by, "
        "IFNULL(capacity_pool_id, ''), COUNT(*) FROM workloads GROUP BY 1, 2, 3, 4, 5, 6"
    )
    connection.execute("INSERT INTO workload_words (workload_words) VALUES ('rebuild')")


def _sum_up(connection: sqlite3.Connection) -> None:
    """The same, for what version 1 did not have."""
    for statement in sums.FILL:
        connection.execute(statement)
