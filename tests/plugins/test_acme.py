"""A stranger's package, installed from its wheel beside ours."""

import asyncio
import json
import subprocess

import pytest
from aiohttp import web

from chamber.local import LocalChamber

COSTS = """
import os
from chamber.core import AsyncChamberClient, ChamberClient
from chamber_acme import CostOperations
client = ChamberClient()
job = client.submit_job("costly", os.environ["TEAM"], "H100", 1)
client.wait_for_completion(job.id, poll_interval=0.05)
cost = client.get_cost(job.id)
assert cost.workload_id == job.id, cost
assert client.get_costs([job.id]) == [cost]
assert list(client.iter_expensive(least=0.0)) == [cost]
assert isinstance(client, CostOperations)
assert ChamberClient.cost_of(4) == AsyncChamberClient.cost_of(4) == 10.0
acme = next(plugin for plugin in client.plugins if plugin.distribution == "chamber-acme")
assert (acme.name, acme.version, acme.state) == ("acme", "1.0.0", "loaded"), acme
assert {"get_cost", "get_costs", "iter_expensive", "cost_of"} <= set(acme.adds), acme
"""
AWAITED = """
import asyncio, os
from chamber.core import AsyncChamberClient
async def main():
    async with AsyncChamberClient() as client:
        job = await client.submit_job("costly", os.environ["TEAM"], "H100", 1)
        assert (await client.get_cost(job.id)).workload_id == job.id
        assert [cost async for cost in client.iter_expensive(least=1e9)] == []
asyncio.run(main())
"""
LISTED = """
import sys
from chamber.core import ChamberClient
client = ChamberClient(token="ch.none", api_url="http://127.0.0.1:9")
acme = next(plugin for plugin in client.plugins if plugin.distribution == "chamber-acme")
assert (acme.state, acme.adds) == ("not loaded", ()), acme
assert "chamber_acme" not in sys.modules
"""


@pytest.fixture
def chamber(tmp_path):
    with LocalChamber(data_dir=tmp_path / "chamber", executor="simulated") as local:
        yield local


@pytest.fixture
def acme(installed, tmp_path):
    """Runs a program in an environment with chamber-core and chamber-acme."""
    python = installed("chamber-acme")

    def run(program, **environment):
        own = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environment}
        done = subprocess.run(
            [python, "-c", program], env=own, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        assert done.returncode == 0

    return run


def _of(chamber):
    return {"CHAMBER_TOKEN": chamber.token, "CHAMBER_API_URL": chamber.api_url, "TEAM": chamber.team}


def test_its_methods_are_methods_of_both_clients(acme, chamber):
    acme(COSTS, **_of(chamber))
    acme(AWAITED, **_of(chamber))


def test_listing_plugins_imports_none(acme):
    acme(LISTED)


def test_its_token_is_used_when_there_is_no_other(acme, chamber, tmp_path):
    (tmp_path / "tokens.json").write_text(json.dumps({chamber.api_url: chamber.token}))
    acme(
        "from chamber.core import ChamberClient; ChamberClient().list_workloads()",
        CHAMBER_API_URL=chamber.api_url,
        ACME_TOKENS=str(tmp_path / "tokens.json"),
    )


async def test_its_header_is_sent_with_every_request(acme, aiohttp_server_of):
    seen = []

    async def health(request):
        seen.append(request.headers.get("X-Acme-Cost-Centre"))
        return web.json_response({"status": "healthy"})

    url = await aiohttp_server_of("/v1/health", health)
    program = "from chamber.core import ChamberClient; ChamberClient().health()"
    await asyncio.to_thread(acme, program, CHAMBER_TOKEN="ch.any", CHAMBER_API_URL=url, ACME_COST_CENTRE="4711")
    assert seen == ["4711"]


@pytest.fixture
async def aiohttp_server_of():
    """Serves one handler on loopback and returns the API's URL."""
    runners = []

    async def serve(path, handler):
        app = web.Application()
        app.router.add_get(path, handler)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    yield serve
    for runner in runners:
        await runner.cleanup()
