"""A database in memory, and workloads to put into it."""

import sqlite3
from datetime import UTC, datetime, timedelta

from chamber.local.storage.masks import Connection
from chamber.local.storage.migrations import migrate
from chamber.local.workloads import Workload

__all__ = ["AT", "database", "workload"]

AT = datetime(2024, 1, 15, tzinfo=UTC)


def database():
    connection = sqlite3.connect(":memory:", factory=Connection)
    connection.row_factory = sqlite3.Row
    migrate(connection)
    return connection


def workload(number, **fields):
    asked = {
        "id": f"wl_{number}",
        "name": f"job {number}",
        "initiative_id": "init",
        "gpu_type": "H100",
        "requested_gpus": 1.0,
        "priority": 50,
        "submitted_by": "me",
        "submitted_at": AT + timedelta(minutes=number),
    }
    return Workload(**{**asked, **fields})
