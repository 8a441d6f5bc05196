"""The README's programs run."""

import pathlib
import re
import subprocess
import sys

import pytest

from chamber.local import LocalChamber

pytestmark = pytest.mark.once

README = pathlib.Path(__file__).parents[2] / "packages" / "chamber-metrics" / "README.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def chamber():
    """One in which a workload has run."""
    with LocalChamber(sample_interval=0.05) as running, running.client() as client:
        hello = client.get_template("tmpl_hello")
        job = client.submit_job("hello", running.team, "H100", 1, "RESERVED", k8s_manifest=hello.k8s_manifest)
        client.wait_for_completion(job.id, poll_interval=0.02, timeout=60)
        yield running


def run(program, chamber, folder):
    environment = {"CHAMBER_TOKEN": chamber.token, "CHAMBER_API_URL": chamber.api_url, "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_there_are_two_programs():
    assert len(PROGRAMS) == 2


def test_the_metrics_of_the_readme_are_shown(chamber, tmp_path):
    shown = run(PROGRAMS[0], chamber, tmp_path)
    assert "hello None None" in shown
    assert "CPU utilisation" in shown
    assert "1 workload, " in shown


def test_the_frames_and_figures_of_the_readme_are_made(chamber, tmp_path):
    shown = run(PROGRAMS[1], chamber, tmp_path)
    assert "cpu_utilization" in shown
    assert "init_local" in shown
    assert {file.name for file in tmp_path.glob("*.png")} == {"metrics.png", "teams.png"}
