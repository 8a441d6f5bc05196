"""Both clients beside the loops and threads that applications bring along."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

SCRIPT = """
import os
from chamber.core import ChamberClient
client = ChamberClient()
job = client.submit_job("plain", os.environ["TEAM"], "H100", 1)
print(client.get_workload(job.id).name, job.id in [found.id for found in client.iter_workloads()])
"""
UVLOOP = """
import asyncio, uvloop
from chamber.core import AsyncChamberClient, ChamberClient, portal

async def main():
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
    with ChamberClient() as client:
        inside = client.health().status
        assert isinstance(portal._portal.loop(), uvloop.Loop)
    async with AsyncChamberClient() as client:
        return inside, (await client.health()).status, [found async for found in client.iter_workloads("FAILED")]

print(uvloop.run(main()), ChamberClient().health().status)
"""


def test_a_plain_script_needs_no_close(script, chamber, environment):
    environment["TEAM"] = chamber.team
    assert script(SCRIPT) == "plain True\n"


AT_EXIT = """
import atexit
from chamber.core import ChamberClient
atexit.register(lambda: print(ChamberClient().health().status))
"""


def test_both_clients_run_on_uvloop_where_it_is_installed(script, installed):
    python = installed("chamber-core[uvloop]")
    assert script(UVLOOP, python) == "('healthy', 'healthy', []) healthy\n"
    assert script(AT_EXIT, python) == "healthy\n"


async def test_a_blocking_client_works_in_an_asynchronous_test(chamber):
    with chamber.client() as client:
        assert client.health().status == "healthy"
        assert list(client.iter_workloads("FAILED")) == []
        assert (await asyncio.to_thread(client.health)).status == "healthy"


async def test_many_coroutines_share_an_async_client(chamber):
    async with chamber.async_client() as client, asyncio.TaskGroup() as group:
        asked = [group.create_task(client.health()) for _ in range(20)]
        await asyncio.gather(*asked)
    assert {task.result().status for task in asked} == {"healthy"}


def test_an_async_client_works_in_a_loop_of_each_thread(chamber):
    async def ask():
        async with chamber.async_client() as client:
            return (await client.health()).status

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: asyncio.run(ask()), range(8))) == {"healthy"}
