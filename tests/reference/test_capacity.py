"""Section "Capacity"."""

import pytest
from covering import covers, fields, parameters

from chamber.core import NotFoundError


@covers(
    "get_capacity()",
    *fields("Capacity", "budget pools"),
    *fields("CapacityBudget", "allocated used available"),
    *fields("CapacityPool", "name gpu_type available_gpus total_gpus"),
)
def test_there_are_pools_and_a_budget(client, submit):
    submit(lasting=True, requested_gpus=0.5)
    capacity = client.get_capacity()
    assert capacity.budget.allocated > capacity.budget.available > 0
    assert capacity.budget.used == pytest.approx(capacity.budget.allocated - capacity.budget.available)
    pools = {pool.name: pool for pool in capacity.pools}
    assert {name: (pool.gpu_type, pool.total_gpus) for name, pool in pools.items()} == {
        "local H100": ("H100", 4096),
        "local A100": ("A100", 64),
    }
    assert pools["local H100"].available_gpus == 4096 - pools["local H100"].used_gpus < 4096


@covers(*parameters("get_capacity", "initiative_id pool_id"))
def test_the_capacity_of_one_team_or_pool(client, team):
    capacity = client.get_capacity(initiative_id=team, pool_id="pool_a100")
    assert [pool.id for pool in capacity.pools] == ["pool_a100"]
    assert [found.id for found in capacity.teams] == [team]
    with pytest.raises(NotFoundError):
        client.get_capacity(pool_id="none-such")


@covers("health()", *fields("HealthStatus", "status version"))
def test_the_api_is_healthy(client):
    health = client.health()
    assert (health.status, health.is_healthy) == ("healthy", True)
    assert health.version
    assert health.timestamp.tzinfo is not None
