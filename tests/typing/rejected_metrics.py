"""Mistakes in calls about metrics, marked as in rejected.py."""

from chamber.core import AsyncChamberClient, ChamberClient


def blocking(client: ChamberClient) -> None:
    client.get_workload_metrics()  # E: missing argument
    client.get_workload_metrics(1)  # E: wrong type
    client.get_workload_metrics("wl_1", "yesterday")  # E: wrong word
    client.get_global_metrics(team="ml")  # E: wrong name
    client.get_workload_stats().nothing  # E: unknown field


async def awaiting(client: AsyncChamberClient) -> None:
    client.get_global_metrics()  # E: forgotten await
    await client.get_workload_metrics(1)  # E: wrong type
