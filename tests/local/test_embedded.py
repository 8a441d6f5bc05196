import asyncio
import socket

import pytest

from chamber.core.errors import ConfigurationError, NotFoundError
from chamber.local import LocalChamber


def test_it_is_a_blocking_context_manager_with_a_client():
    with LocalChamber(executor="simulated") as chamber, chamber.client() as client:
        workload = client.submit_job("job", chamber.team, "H100", requested_gpus=2)
        done = client.wait_for_completion(workload.id, poll_interval=0.01, timeout=20)

        assert (str(done.status), done.requested_gpus) == ("COMPLETED", 2)
        assert [found.id for found in client.iter_workloads(status="COMPLETED")] == [workload.id]
        assert client.get_capacity().pools[0].total_gpus == 8
        assert client.health().is_healthy


async def test_it_is_an_async_context_manager_with_an_async_client():
    async with LocalChamber(executor="simulated") as chamber, chamber.async_client() as client:
        workloads = await asyncio.gather(*(client.submit_job(f"job {n}", chamber.team, "H100") for n in range(10)))
        done = [await client.wait_for_completion(w.id, poll_interval=0.01, timeout=20) for w in workloads]

        assert {str(workload.status) for workload in done} == {"COMPLETED"}


def test_it_is_not_used_before_it_runs_nor_started_twice():
    chamber = LocalChamber(executor="simulated")
    with pytest.raises(ConfigurationError, match="not running"):
        _ = chamber.api_url
    with chamber, pytest.raises(ConfigurationError, match="running already"):
        chamber.start()
    chamber.stop()
    with chamber:
        assert chamber.api_url in repr(chamber)


def test_several_live_side_by_side():
    with LocalChamber(executor="simulated") as one, LocalChamber(executor="simulated") as two:
        assert one.registry != two.registry
        assert one.token != two.token


@pytest.mark.parametrize("name", ["wl_none", "../identity.json", "../../x", ""])
def test_logs_of_an_unknown_workload_are_not_found(simulated, name):
    with pytest.raises(NotFoundError):
        simulated.chamber.logs(name)


def test_a_failed_start_leaves_nothing(tmp_path):
    with LocalChamber(executor="simulated") as chamber:
        port = int(chamber.registry.rpartition(":")[2])
        with pytest.raises(ConfigurationError):
            LocalChamber(data_dir=tmp_path, port=port).start()
    with LocalChamber(data_dir=tmp_path, executor="simulated"):
        pass


def test_ipv6_loopback_is_loopback():
    if not _has_ipv6():
        pytest.skip("this host has no IPv6 loopback")
    with LocalChamber(executor="simulated", host="::1") as chamber, chamber.client() as client:
        assert chamber.registry.startswith("[::1]:")
        assert client.health().is_healthy


def _has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
