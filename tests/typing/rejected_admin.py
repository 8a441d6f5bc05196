"""Mistakes in calls about teams, templates and allocations, marked as in rejected.py."""

from chamber.core import AsyncChamberClient, ChamberClient


def blocking(client: ChamberClient) -> None:
    client.get_team()  # E: missing argument
    client.create_team(name=1)  # E: wrong type
    client.create_team("ml", parent="research")  # E: wrong name
    client.create_allocation("ml", "rs_1", "2")  # E: wrong type
    client.list_teams().name  # E: unknown field


async def awaiting(client: AsyncChamberClient) -> None:
    client.list_teams()  # E: forgotten await
    await client.get_template()  # E: missing argument
