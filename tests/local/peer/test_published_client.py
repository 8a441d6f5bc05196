"""The published client, from PyPI and in an environment of its own, against the legacy dialect."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chamber.local import LocalChamber


@pytest.fixture
def published(tmp_path):
    """A Python that has the published client and nothing of ours."""
    python = tmp_path / "venv" / "bin" / "python"
    _uv("venv", "--python", sys.executable, python.parent.parent)
    _uv("pip", "install", "--python", python, "chamber-sdk[run]")
    return python


def test_every_method_of_the_published_client_works_in_the_legacy_dialect(published, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text("print('trained')\n")
    with LocalChamber("legacy", executor="simulated") as chamber:
        arguments = (chamber.api_url, chamber.token, chamber.organization_id, chamber.team, project)
        told = _called(published, tmp_path, *arguments)

    assert {name: outcome for name, outcome in told.items() if outcome != "works"} == {}
    assert len(told) > 25


def _called(python, home, *arguments):
    calls = Path(__file__).parent / "calls.py"
    ended = subprocess.run(
        [python, "-I", calls, *arguments],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def _uv(*arguments):
    subprocess.run([sys.executable, "-m", "uv", *map(str, arguments)], check=True, capture_output=True, text=True)
