"""The examples: programs and notebooks are run, and projects for launchers that are not here are planned."""

import json
import os
import py_compile
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from pages import ROOT, links

from chamber.core import ChamberClient

pytestmark = pytest.mark.once

EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
#: Project → its launcher, pods and GPUs of each, what its Job is, and what its base image is for.
PROJECTS = {
    "pytorch": ("torchrun", "2 x 8", "Job", "pytorch"),
    "jax": ("python", "2 x 8", "Job", "jax"),
    "ray": ("ray", "1 x 8", "RayJob", "python"),
    "deepspeed": ("deepspeed", "1 x 8", "Job", "pytorch"),
    "sweep": ("python", "1 x 1", "Job", "python"),
    "char-model": ("python", "1 x 1", "Job", "python"),
}


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_is_planned_as_its_launcher_needs_it(project, valid):
    launcher, topology, kind, base = PROJECTS[project]
    with ChamberClient(token="ch.test") as client:
        plan = client.plan(EXAMPLES / project, team="ml", registry="localhost:5000/ml")
    assert (plan.profile.launcher, str(plan.topology)) == (launcher, topology)
    assert base in plan.base_image.reference
    assert kind in [made["kind"] for made in valid(plan.manifest)]
    assert {file.path for file in plan.files} >= {plan.profile.entrypoint}


@pytest.mark.parametrize("project", PROJECTS)
def test_the_scripts_of_a_project_are_python(project, tmp_path):
    for number, file in enumerate(EXAMPLES.glob(f"{project}/*.py")):
        assert py_compile.compile(str(file), cfile=str(tmp_path / f"{number}.pyc"), doraise=True)


def test_what_is_tuned_in_the_example_of_deepspeed_is_json():
    assert json.loads((EXAMPLES / "deepspeed" / "ds.json").read_text())["zero_optimization"]["stage"] == 2


def test_every_example_is_in_the_table():
    hidden = {"demo", "README.md"}
    there = {path.name for path in EXAMPLES.iterdir() if not path.name.startswith((".", "__"))} - hidden
    assert there <= set(links(EXAMPLES / "README.md"))


def test_fifty_jobs_of_a_sweep_are_run_and_awaited():
    printed = _run("sweep.py")
    assert "50 jobs are submitted\n50 completed\nbest: {'lr': 0.4" in printed


def test_the_budget_keeps_out_what_the_team_cannot_pay():
    lines = _run("budget_guard.py").splitlines()
    assert lines[0] == "10 GPU-hours are left"
    assert lines[1].startswith("large is left out: it may use 32 GPU-hours of ")
    assert sorted(lines[2:]) == ["ablation COMPLETED", "baseline COMPLETED"]


def _run(program):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / program)],
        env={"PATH": os.environ["PATH"], "CHAMBER_CONFIG_DIR": os.environ["CHAMBER_CONFIG_DIR"]},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebook_runs_to_its_end_and_shows_tables(file, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output["data"] for output in outputs if "data" in output]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert sum("text/html" in data for data in shown) >= 3
    if "first-job" in file.name:
        (progress,) = [data for data in shown if data["text/plain"].startswith("config: ")]
        assert "char-model is COMPLETED" in progress["text/html"]
    else:
        assert any("image/png" in data for data in shown)


def test_notebooks_are_kept_without_outputs():
    cells = [cell for file in NOTEBOOKS for cell in nbformat.read(file, as_version=4).cells]
    kept = [cell for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    assert (len(NOTEBOOKS), kept) == (2, [])
