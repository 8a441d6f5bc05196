"""Mistakes in calls of `run()` and `plan()`, marked as in rejected.py."""

from chamber.core import AsyncChamberClient, ChamberClient, Workload
from chamber.run import DryRunResult


def blocking(client: ChamberClient) -> None:
    client.run()  # E: missing argument of an overload
    client.run("p", gpu=1)  # E: wrong name for an overload
    client.run("p", "4")  # E: wrong type for an overload
    client.run("p", distributed="mpi")  # E: wrong type for an overload
    client.plan("p", wait=True)  # E: wrong name
    client.plan(None)  # E: wrong type
    _workload: Workload = client.run("p", dry_run=True)  # E: other type
    _result: DryRunResult = client.run("p")  # E: other type


async def awaiting(client: AsyncChamberClient) -> None:
    client.run("p")  # E: forgotten await
    client.plan("p")  # E: forgotten await
    await client.run("p", gpu=1)  # E: wrong name for an overload
