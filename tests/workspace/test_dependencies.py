"""What the distributions ask for: no release with a known hole, and floors that are true."""

import json
import subprocess

import pytest
from members import MEMBERS, project
from packaging.requirements import Requirement
from packaging.version import Version

#: Distribution -> the first release without the advisories that concern us (aiohttp: CVE-2025-69223, CVE-2026-22815,
#: and redirects that kept a second Authorization, changelog of 3.14.3).
FLOORS = {"aiohttp": Version("3.14.3")}

SESSION = """
import importlib.metadata, json, pathlib, sys
from chamber.core import ChamberClient
from chamber.local import LocalChamber

folder = pathlib.Path(sys.argv[1])
(folder / "train.py").write_text("print('trained')")
with LocalChamber(data_dir=folder.parent / "chamber") as chamber, chamber.client() as client:
    job = client.run(folder, team=chamber.team, wait=True, poll_interval=0.1)
    assert job.status == "COMPLETED", job
    assert chamber.logs(job.id) == "trained\\n"
    assert repr(client.get_workload_metrics(job.id))
    assert repr(client.list_teams())
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[2:]}))
"""


def _asked():
    """What each member asks for, extras included."""
    for member in MEMBERS:
        told = project(member)["project"]
        extras = told.get("optional-dependencies", {}).values()
        for line in [*told.get("dependencies", ()), *(line for extra in extras for line in extra)]:
            yield member.name, Requirement(line)


def _floor(requirement):
    return max((Version(part.version) for part in requirement.specifier if part.operator in {">=", "=="}), default=None)


@pytest.mark.parametrize("name", FLOORS)
def test_no_release_with_a_known_hole_is_taken(name):
    floors = {member: _floor(asked) for member, asked in _asked() if asked.name == name}
    assert "chamber-core" in floors
    assert {member: floor for member, floor in floors.items() if floor is None or floor < FLOORS[name]} == {}


def test_every_dependency_has_a_floor_and_none_has_a_ceiling():
    others = [(member, asked) for member, asked in _asked() if not asked.name.startswith("chamber-")]
    assert [str(asked) for _, asked in others if _floor(asked) is None] == []
    assert [str(asked) for _, asked in others if any("<" in part.operator for part in asked.specifier)] == []


@pytest.mark.reliability
def test_a_session_works_with_the_lowest_releases_that_are_asked_for(installed, tmp_path):
    lowest = {}
    for asked in _direct():
        lowest[asked.name] = max(_floor(asked), lowest.get(asked.name, Version("0")))
    wanted = [f"{name}>={floor}" for name, floor in lowest.items()]
    python = installed("--resolution", "lowest-direct", *wanted, *(member.name for member in MEMBERS))
    (tmp_path / "project").mkdir()
    done = subprocess.run(
        [python, "-c", SESSION, tmp_path / "project", *lowest],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "CHAMBER_CONFIG_DIR": str(tmp_path / ".chamber")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {name: Version(version) for name, version in json.loads(done.stdout).items()} == lowest


def _direct():
    lines = [line for member in MEMBERS for line in project(member)["project"].get("dependencies", ())]
    return [asked for line in lines if not (asked := Requirement(line)).name.startswith("chamber-")]
