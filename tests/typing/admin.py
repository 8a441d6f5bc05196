"""What a type checker sees of the methods of teams, templates and allocations, on both faces."""

from typing import assert_type

from chamber.admin.models import Allocation, Team, Template
from chamber.core import AsyncChamberClient, ChamberClient


def blocking(client: ChamberClient) -> None:
    assert_type(client.list_teams(), list[Team])
    assert_type(client.create_team("ml", parent_id="research", tags={"a": "b"}), Team)
    assert_type(client.get_team("ml"), Team)
    assert_type(client.list_templates(scope="system", include_system=False), list[Template])
    assert_type(client.get_template("tm_1"), Template)
    assert_type(client.list_allocations("ml"), list[Allocation])
    assert_type(client.create_allocation("ml", "rs_1", 2), Allocation)
    assert_type(client.get_allocation("al_1"), Allocation)


async def awaiting(client: AsyncChamberClient) -> None:
    assert_type(await client.list_teams(), list[Team])
    assert_type(await client.get_allocation("al_1"), Allocation)
