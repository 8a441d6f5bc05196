"""The history that a Chamber can begin with has something to show in every list, sum and chart."""

import pytest

from chamber.core.errors import ConfigurationError
from chamber.local import LocalChamber

pytestmark = pytest.mark.once


@pytest.mark.parametrize("dialect", ["documented", "legacy"])
def test_a_demo_has_something_to_show_everywhere(dialect):
    with (
        LocalChamber(dialect, executor="simulated", gpus={"H100": 8, "A100": 4}, seed="demo") as chamber,
        chamber.client() as client,
    ):
        assert client.list_workloads().total_count == 360
        assert len(client.list_teams()) == 5
        assert client.search_workloads(query="llama night").items
        assert {bucket.key.upper() for bucket in client.get_workload_aggregations("status").buckets} == {
            "COMPLETED",
            "FAILED",
            "CANCELLED",
            "PREEMPTED",
        }
        assert client.get_workload_stats().total > 10
        newest = client.list_workloads(limit=1).items[0]
        assert client.get_workload_metrics(newest.id).summaries
        done = client.submit_job("mine", "init_vision", "H100")
        assert client.wait_for_completion(done.id).id == done.id


def test_a_demo_is_sown_once(tmp_path):
    for _ in range(2):
        with LocalChamber(executor="simulated", data_dir=tmp_path, seed="demo") as chamber:
            assert len(chamber.workloads()) == 360


def test_another_seed_is_refused():
    with pytest.raises(ConfigurationError, match="seed='history' is not there; there is demo"):
        LocalChamber(seed="history")
