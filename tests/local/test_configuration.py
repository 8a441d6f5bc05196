import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber
from chamber.local.configuration import (
    Configuration,
    PoolConfiguration,
    ReservationConfiguration,
    configured,
    read,
)
from chamber.local.workloads import Pool, Reservation

WHOLE = """
pools:
  - {gpu_type: H100, gpus: 8}
  - {id: old, name: The old ones, gpu_type: A100, gpus: 4}
teams:
  - {id: research, name: Research, gpu_hours: 500}
  - {id: vision, parent: research}
reservations:
  - {id: res-1, pool: pool_h100, gpus: 6, team: research}
allocations:
  - {id: alloc-1, team: vision, reservation: res-1, gpus: 2}
"""


def test_a_file_says_who_may_use_what(tmp_path):
    path = tmp_path / "chamber.yaml"
    path.write_text(WHOLE)

    configuration = read(path)

    assert configuration.physical() == (
        Pool("pool_h100", "local H100", "H100", 8, "org_local"),
        Pool("old", "The old ones", "A100", 4, "org_local"),
    )
    assert configuration.reserved() == (Reservation("res-1", "pool_h100", 6, "research"),)
    assert configuration.budgets() == {"research": 500}


def test_an_empty_file_configures_nothing(tmp_path):
    (tmp_path / "empty.yaml").write_text("")

    assert read(tmp_path / "empty.yaml") == Configuration()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"pool": []}, "unknown field `pool`; it has pools, teams, reservations, allocations and secrets"),
        ({"pools": [{"gpu_type": "H100"}]}, "missing required field `gpus`"),
        ({"pools": [{"gpu_type": "H100", "gpus": -1}]}, "-1 GPUs are fewer than none"),
        ({"pools": [{"gpu_type": "H100", "gpus": 1}, {"gpu_type": "h100", "gpus": 1}]}, "pool id 'pool_h100' is there"),
        ({"teams": [{"id": "a", "parent": "b"}]}, "there is no team 'b'; there is a, init_local"),
        ({"teams": [{"id": "a", "gpu_hours": -1}]}, "team a has gpu_hours below 0"),
        ({"teams": [{"id": "a", "parent": "b"}, {"id": "b", "parent": "a"}]}, "team a is above itself"),
        ({"reservations": [{"id": "r", "pool": "p", "gpus": 1}]}, "reservation r is of pool 'p'"),
        (
            {
                "pools": [{"id": "p", "gpu_type": "H100", "gpus": 4}],
                "reservations": [{"id": "r", "pool": "p", "gpus": 3}, {"id": "s", "pool": "p", "gpus": 2}],
            },
            "5 GPUs of pool p are reserved, and it has 4",
        ),
        (
            {
                "pools": [{"id": "p", "gpu_type": "H100", "gpus": 4}],
                "reservations": [{"id": "r", "pool": "p", "gpus": 3}],
                "allocations": [{"id": "a", "team": "init_local", "reservation": "r", "gpus": 4}],
            },
            "4 GPUs of reservation r are allocated, and it has 3",
        ),
        (
            {"allocations": [{"id": "a", "team": "init_local", "reservation": "r", "gpus": 4}]},
            "allocation a is of reservation 'r', which is not there",
        ),
    ],
)
def test_what_cannot_be_is_an_error_that_says_where_and_what(content, text):
    with pytest.raises(ConfigurationError) as error:
        configured(content, "chamber.yaml")

    assert str(error.value).startswith("chamber.yaml: ")
    assert text in str(error.value)


@pytest.mark.parametrize("content", ["pools: [", "- pools", b"\xff"])
def test_what_is_not_such_a_file_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "chamber.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigurationError, match=r"chamber\.yaml"):
        read(path)
    with pytest.raises(ConfigurationError, match=r"none\.yaml cannot be read"):
        read(tmp_path / "none.yaml")


def test_a_chamber_takes_values_and_structs_alike(tools):
    pools = [PoolConfiguration(gpu_type="H100", gpus=4)]
    kept = [ReservationConfiguration(id="r", pool="pool_h100", gpus=2)]
    with LocalChamber(executor="simulated", pools=pools, reservations=kept, teams=[{"id": "a"}]) as chamber:
        call = tools.Caller(chamber)
        assert [team["id"] for team in call.get("/teams")["teams"]] == ["init_local", "a"]
        assert call.wait(call.submit(requested_gpus=3))["status"] == "failed"
        assert call.wait(call.submit(requested_gpus=3, job_class="ELASTIC"))["status"] == "completed"


def test_pools_and_gpus_are_two_ways_to_say_one_thing():
    with pytest.raises(ConfigurationError, match="say it in one way"):
        LocalChamber(gpus={"H100": 1}, pools=[{"gpu_type": "H100", "gpus": 1}])


def test_teams_and_allocations_follow_what_is_configured_later(tmp_path, tools):
    pools = [{"gpu_type": "H100", "gpus": 8}]
    kept = [{"id": "r", "pool": "pool_h100", "gpus": 8, "team": "a"}]
    for parent, gpus in [(None, 2), ("b", 4)]:
        teams = [{"id": "a", "name": f"A {gpus}", "parent": parent}, {"id": "b"}]
        given = [{"id": "x", "team": "b", "reservation": "r", "gpus": gpus}]
        with LocalChamber(
            executor="simulated", data_dir=tmp_path, pools=pools, teams=teams, reservations=kept, allocations=given
        ) as chamber:
            call = tools.Caller(chamber)
            team = call.get("/teams/a")
            assert (team["name"], team["parent_id"]) == (f"A {gpus}", parent)
            assert call.get("/customer/allocations/x")["allocated_instances"] == gpus
