"""Suites of users of the plugin, each run by a pytest of its own, as it would be elsewhere."""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.once

SUITE = """
    import pytest

    from chamber.core import ChamberClient, ServerError

    def report(team):
        '''The code under test: it makes its own client.'''
        with ChamberClient() as client:
            job = client.submit_job("report", team, "H100", metadata={"simulated_seconds": 0.05})
            return client.wait_for_completion(job.id, poll_interval=0.01)

    def test_code_that_makes_its_own_client(chamber_local):
        assert str(report(chamber_local.team).status) == "COMPLETED"
        assert [workload.name for workload in chamber_local.workloads()] == ["report"]

    @pytest.mark.parametrize("number", range(6))
    def test_nothing_is_left_of_other_tests(chamber_local, chamber_client, chamber_faults, number):
        assert list(chamber_client.iter_workloads()) == []
        assert chamber_faults.log == ()
        chamber_client.submit_job(f"job {number}", chamber_local.team, "H100")
        chamber_faults.add("status", status=500, times=None)

    def test_waits_take_no_time(chamber_local, chamber_client):
        job = chamber_client.submit_job("job", chamber_local.team, "H100", metadata={"simulated_seconds": 0.05})
        done = chamber_client.wait_for_completion(job.id, poll_interval=3600, timeout=1e6)
        assert str(done.status) == "COMPLETED"

    def test_faults(chamber_client, chamber_faults):
        chamber_faults.add("reset_before", times=2)
        assert chamber_client.list_teams()
        chamber_faults.add("status", status=500, times=None)
        with pytest.raises(ServerError):
            chamber_client.list_teams()

    async def test_async(async_chamber_client, chamber_local):
        job = await async_chamber_client.submit_job("job", chamber_local.team, "H100")
        done = await async_chamber_client.wait_for_completion(job.id)
        assert str(done.status) == "COMPLETED"

    @pytest.mark.chamber_local(dialect="legacy", gpus={"A100": 2})
    def test_a_marker_gives_other_settings(chamber_client):
        assert [(pool.gpu_type, pool.total_gpus) for pool in chamber_client.get_capacity().pools] == [("A100", 2)]
"""

AUTO = "asyncio_mode = auto\nasyncio_default_fixture_loop_scope = function"


@pytest.fixture
def suite(tmp_path):
    """Writes a suite and runs pytest on it; what it printed, and how many tests ended how."""

    def run(code, *arguments, ini="asyncio_default_fixture_loop_scope = function"):
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
        (tmp_path / "test_users.py").write_text(textwrap.dedent(code))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CHAMBER"))}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "pytest", "-q", "--strict-markers", "--strict-config", *arguments],
            cwd=tmp_path,
            env={**environment, "HOME": str(tmp_path / "home"), "CHAMBER_TOKEN": "ch.of-the-user"},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        return done.stdout.strip().splitlines()[-1], done.stdout + done.stderr

    return run


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_a_users_suite_runs(suite, tmp_path, workers):
    summary, told = suite(SUITE, *workers, ini=AUTO)

    assert summary.startswith("11 passed"), told
    assert not (tmp_path / "home" / ".chamber").exists()


@pytest.mark.parametrize("page", ["docs/testing.md", "packages/chamber-local/README.md"])
def test_the_suites_in_the_documentation_run(suite, page):
    text = (pathlib.Path(__file__).parents[2] / page).read_text("utf-8")
    code = [block.partition("```")[0] for block in text.split("```python\n")[1:]]
    summary, told = suite("\n".join(block for block in code if "def test_" in block), ini=AUTO)

    assert " passed" in summary, told
    assert "failed" not in summary, told


@pytest.mark.parametrize("plugin", ["asyncio", "anyio"])
def test_async_tests_run_with_either_async_plugin(suite, plugin):
    code = f"""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.{plugin}
        async def test_async(async_chamber_client):
            assert (await async_chamber_client.health()).is_healthy
    """
    summary, told = suite(code) if plugin == "asyncio" else suite(code, "-p", "no:asyncio", ini="")

    assert summary.startswith("1 passed"), told


@pytest.mark.parametrize("way", ["ini", "option"])
def test_settings_come_from_the_ini_file_and_from_the_command_line(suite, way):
    wanted = {"executor": "process", "dialect": "legacy", "gpus": "L4=3"}
    ini = "\n".join(f"chamber_local_{name} = {value}" for name, value in wanted.items())
    options = [f"--chamber-local-{name}={value}" for name, value in wanted.items()]
    code = """
        def test_settings(chamber_local, chamber_client):
            settings = chamber_local._settings
            assert (settings.executor, settings.dialect.name) == ("process", "legacy")
            assert chamber_client.get_capacity().pools[0].gpu_type == "L4"
    """
    summary, told = suite(code, *(options if way == "option" else ()), ini=f"{AUTO}\n{ini if way == 'ini' else ''}")

    assert summary.startswith("1 passed"), told


def test_a_wrong_setting_is_said_by_name(suite):
    _, told = suite("def test_it(chamber_local): pass", "--chamber-local-executor=magic")

    assert "executor='magic' is not there" in told


def test_a_suite_that_uses_none_of_it_loads_none_of_it(suite):
    code = """
        import sys

        def test_nothing_is_loaded():
            loaded = {name for name in sys.modules if name.startswith("chamber")}
            assert loaded <= {"chamber", "chamber.local", "chamber.local.pytest_plugin", "chamber_local_async"}
            assert "aiohttp" not in sys.modules
    """
    summary, told = suite(code, "-p", "no:schemathesis", "-p", "no:xdist")

    assert summary.startswith("1 passed"), told


def test_help_tells_of_the_fixtures_and_the_settings(suite):
    _, fixtures = suite("", "--fixtures")
    _, told = suite("", "--help")

    for name in ("chamber_local", "chamber_client", "async_chamber_client", "chamber_faults"):
        assert f"\n{name}" in fixtures
    for name in ("executor", "dialect", "gpus"):
        assert f"--chamber-local-{name}" in told
        assert f"chamber_local_{name}" in told
