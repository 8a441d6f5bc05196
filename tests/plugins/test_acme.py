"""A stranger's package, installed from its wheel beside ours."""

import asyncio
import base64
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
PUSHED = """
import asyncio, os
from chamber.core.settings import Settings
from chamber.core.transport import Transport
from chamber.run import answers
from chamber.run.registry.client import RegistryClient
from chamber.run.registry.repository import Repository
async def main():
    host = os.environ["ACME_REGISTRY"]
    transport = Transport(Settings("ch.none", "http://127.0.0.1:9"))
    known = answers.known_registry(f"{host}/ml", "http://127.0.0.1:9")
    repository = Repository(RegistryClient(transport, host, known), "ml/tool", ("repository:ml/tool:pull,push",))
    await repository.require_push()
    assert repository.login.username == "robot"
    assert answers.known_registry("other.example/ml", "").login is None
    await transport.close()
asyncio.run(main())
"""


@pytest.fixture
def chamber(tmp_path):
    with LocalChamber(data_dir=tmp_path / "chamber", executor="simulated") as local:
        yield local


@pytest.fixture
def acme(installed, tmp_path):
    """Runs a program in an environment with chamber-core and chamber-acme."""
    return _runner(installed("chamber-acme"), tmp_path)


@pytest.fixture
def acme_and_run(installed, tmp_path):
    """The same with chamber-run."""
    return _runner(installed("chamber-acme", "chamber-run"), tmp_path)


def _runner(python, tmp_path):
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


def test_its_command_is_beside_our_own(installed, chamber, tmp_path):
    python = installed("chamber-acme", "chamber-command")
    with chamber.client() as client:
        job = client.submit_job("costly", chamber.team, "H100", 1)
    own = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **_of(chamber)}

    def run(*words):
        command = [python.with_name("chamber"), *words]
        return subprocess.run(command, env=own, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "What workloads have cost so far, in euros." in run("--help")
    assert json.loads(run("cost", job.id, "-o", "json"))[0]["workload_id"] == job.id
    assert "acme" in run("plugins")


def test_listing_plugins_imports_none(acme):
    acme(LISTED)


def test_its_token_is_used_when_there_is_no_other(acme, chamber, tmp_path):
    (tmp_path / "tokens.json").write_text(json.dumps({chamber.api_url: chamber.token}))
    acme(
        "from chamber.core import ChamberClient; ChamberClient().list_workloads()",
        CHAMBER_API_URL=chamber.api_url,
        ACME_TOKENS=str(tmp_path / "tokens.json"),
    )


async def test_its_login_is_that_of_its_registry(acme_and_run, served, tmp_path):
    """A registry that asks for a login, and has no repository that nobody owns."""
    (tmp_path / "robot.json").write_text(json.dumps({"name": "robot", "secret": "robot-secret"}))
    owners = tmp_path / "owners"

    async def uploads(request):
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(b'robot:robot-secret').decode()}":
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="acme"'})
        if not owners.exists():
            return web.json_response({"errors": [{"code": "NAME_UNKNOWN"}]}, status=404)
        return web.Response(status=202, headers={"Location": "/upload"})

    url = await served("/v2/ml/tool/blobs/uploads/", uploads)
    variables = {"ACME_REGISTRY": url, "ACME_ROBOT": str(tmp_path / "robot.json"), "ACME_OWNERS": str(owners)}
    await asyncio.to_thread(acme_and_run, PUSHED, **variables)
    assert owners.read_text() == "ml/tool ml-platform\n"


async def test_its_header_is_sent_with_every_request(acme, served):
    seen = []

    async def health(request):
        seen.append(request.headers.get("X-Acme-Cost-Centre"))
        return web.json_response({"status": "healthy"})

    url = f"http://{await served('/v1/health', health)}/v1"
    program = "from chamber.core import ChamberClient; ChamberClient().health()"
    await asyncio.to_thread(acme, program, CHAMBER_TOKEN="ch.any", CHAMBER_API_URL=url, ACME_COST_CENTRE="4711")
    assert seen == ["4711"]


@pytest.fixture
async def served():
    """Serves one handler on loopback and returns ``host:port``."""
    runners = []

    async def serve(path, handler):
        app = web.Application()
        app.router.add_route("*", path, handler)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    yield serve
    for runner in runners:
        await runner.cleanup()
