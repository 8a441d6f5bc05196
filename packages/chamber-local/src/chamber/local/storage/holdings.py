"""GPUs that unfinished workloads hold and wait for, by team and pool."""

import sqlite3

import msgspec

from chamber.local.storage.queries import Filter, conditions
from chamber.local.workloads import Status

__all__ = ["Holding", "holdings"]


class Holding(msgspec.Struct, frozen=True):
    """Workloads of one team in one pool (None: none was chosen yet) with one status, and the GPUs of their pods.

    Those are the pods that were placed, and all that are asked for before that.
    """

    initiative_id: str
    capacity_pool_id: str | None
    status: Status
    workloads: int
    gpus: float


def holdings(connection: sqlite3.Connection, chosen: Filter) -> tuple[Holding, ...]:
    """What the chosen workloads come to."""
    where, values = conditions(chosen)
    rows = connection.execute(
        "SELECT initiative_id, capacity_pool_id, status, COUNT(*), "  # noqa: S608
        "SUM(requested_gpus * COALESCE(running_pods * 1.0 / requested_pods, 1)) FROM workloads "
        f"WHERE {where} GROUP BY initiative_id, capacity_pool_id, status",
        values,
    )
    return tuple(Holding(row[0], row[1], Status(row[2]), row[3], row[4]) for row in rows)
