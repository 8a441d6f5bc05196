"""The wheels, not the checkout, in new environments, in every useful combination."""

import subprocess
import zipfile

import pytest
from members import MEMBERS, ROOT, folder

from chamber.local import LocalChamber

CORE = """
import chamber, os
from chamber.core import ChamberClient, JobStatus
assert getattr(chamber, "__file__", None) is None
client = ChamberClient()
assert client.health().status == "healthy"
job = client.submit_job("from-a-wheel", os.environ["TEAM"], "H100", 1)
assert client.get_workload(job.id).id == job.id
assert job.id in [found.id for found in client.iter_workloads()]
"""
WITHOUT = """
try:
    client.{method}
except AttributeError as error:
    assert str(error) == (
        "ChamberClient.{method}() comes with {distribution}, which is not installed: pip install {distribution}"
    ), error
else:
    raise AssertionError("{method} is there")
"""
METRICS = 'assert client.get_workload_stats("last_30_days").total >= 1\n'
ADMIN = 'assert os.environ["TEAM"] in [team.id for team in client.list_teams()]\n'
RUN = """
plan = client.run(os.environ["PROJECT"], team=os.environ["TEAM"], registry="localhost:5000/demo", dry_run=True)
assert plan.profile.entrypoint == "train.py", plan.profile
"""
COMPAT = """
import chamber_sdk, os
client = chamber_sdk.ChamberClient()
job = client.submit_job("from-a-wheel", os.environ["TEAM"], "H100", 1)
assert type(client.get_workload(job.id)) is chamber_sdk.Workload
assert os.environ["TEAM"] in [team.id for team in client.list_teams()]
try:
    client.run(os.environ["PROJECT"], dry_run=True)
except ImportError as error:
    assert "pip install 'chamber-compat[run]'" in str(error), error
else:
    raise AssertionError("run is there")
"""
ALL = """
from chamber.local import LocalChamber
with LocalChamber() as local, local.client() as own:
    project = os.environ["PROJECT"]
    ended = own.run(project, team=local.team, wait=True, poll_interval=0.1, entrypoint_args=["--steps", "2"])
    assert ended.status == JobStatus.COMPLETED, ended
    assert own.get_workload_metrics(ended.id).sample_count >= 1
"""


def _without(method, distribution):
    return WITHOUT.format(method=method, distribution=distribution)


COMBINATIONS = {
    "core": (["chamber-core"], CORE + _without("run", "chamber-run") + _without("list_teams", "chamber-admin")),
    "core+metrics": (["chamber-metrics"], CORE + METRICS + _without("run", "chamber-run")),
    "core+admin": (["chamber-admin"], CORE + ADMIN + _without("get_workload_stats", "chamber-metrics")),
    "compat": (["chamber-compat"], CORE + METRICS + ADMIN + COMPAT),
    "core+run": (["chamber-run"], CORE + RUN + _without("get_team", "chamber-admin")),
    "all": ([member.name for member in MEMBERS], CORE + METRICS + ADMIN + RUN + ALL),
}


@pytest.fixture
def chamber(tmp_path):
    """An embedded Chamber, served from the checkout, that the wheels talk to."""
    with LocalChamber(data_dir=tmp_path / "chamber", executor="simulated") as local:
        yield local


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_wheels_work_in_a_new_environment(combination, installed, chamber, tmp_path):
    members, script = COMBINATIONS[combination]
    python = installed(*members)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CHAMBER_TOKEN": chamber.token,
        "CHAMBER_API_URL": chamber.api_url,
        "TEAM": chamber.team,
        "PROJECT": str(ROOT / "examples" / "char-model"),
    }
    done = subprocess.run(
        [python, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_wheel_holds_its_own_package_and_nothing_else(member, wheels):
    (wheel,) = wheels.glob(f"{member.name.replace('-', '_')}-*.whl")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    package = f"{folder(member)}/"
    assert [name for name in names if not name.startswith(package)] == []
    assert f"{package}py.typed" in names


def test_the_wheel_of_chamber_local_holds_every_file_of_the_dashboard(wheels):
    (wheel,) = wheels.glob("chamber_local-*.whl")
    static = "chamber/local/dashboard/static"
    here = (ROOT / "packages" / "chamber-local" / "src" / static).iterdir()
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"{static}/")}
    assert held == {f"{static}/{file.name}" for file in here}
    assert f"{static}/index.html" in held
