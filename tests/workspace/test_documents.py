"""What the README of the repository says is true; its other blocks, and other documents, are in tests/docs."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

import pytest
from members import ROOT

from chamber.local import LocalChamber

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPTS = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]["default"]["scripts"]

#: What the words of the documents stand for, on the embedded Chamber.
PLACEHOLDERS = {"./my-project": "examples/char-model", 'team="ml"': "team=TEAM, poll_interval=0.1"}


def _blocks(document, language):
    found = BLOCK.findall((ROOT / document).read_text("utf-8"))
    return [code for tongue, code in found if tongue == language]


def _script(command):
    """The command that a script of hatch.toml stands for, with what comes after ``--``."""
    name, *arguments = shlex.split(command.removeprefix("hatch run "))
    given = shlex.join(arguments).removeprefix("-- ")
    words = shlex.split(re.sub(r"\{args:?([^}]*)\}", lambda default: given or default[1], SCRIPTS[name]))
    return [sys.executable, *(words[1:] if words[0] == "python" else ["-m", *words])]


def test_every_block_is_of_a_kind_that_is_run():
    kinds = {tongue for tongue, _ in BLOCK.findall((ROOT / "README.md").read_text("utf-8"))}
    assert kinds == {"python", "console"}


@pytest.mark.parametrize("code", _blocks("README.md", "python"))
def test_python_in_the_readme_runs(code, tmp_path):
    for word, meaning in PLACEHOLDERS.items():
        code = code.replace(word, meaning)
    with LocalChamber(data_dir=tmp_path / "chamber") as chamber:
        environment = {
            "HOME": str(tmp_path),
            "CHAMBER_CONFIG_DIR": os.environ["CHAMBER_CONFIG_DIR"],
            "CHAMBER_TOKEN": chamber.token,
            "CHAMBER_API_URL": chamber.api_url,
        }
        program = f"TEAM = {chamber.team!r}\n{code}"
        done = _run([sys.executable, "-c", program], environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMPLETED" in done.stdout or "loss" in done.stdout


def test_the_first_command_of_the_readme_runs_the_demo(tmp_path):
    install, run = _blocks("README.md", "console")[0].strip().split(" && ")
    assert install == "pip install hatch"
    done = _demo(run, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "COMPLETED" in done.stdout


def test_the_demo_uploads_only_the_project_again_after_an_edit(tmp_path):
    first, second = _demo("hatch run demo", tmp_path), _demo("hatch run demo", tmp_path)
    assert first.returncode == second.returncode == 0
    assert "uploaded 1 layer of" in first.stdout
    assert "nothing to upload" in second.stdout


def test_the_command_that_breaks_the_demo_shows_why_it_failed(tmp_path):
    done = _demo(_blocks("README.md", "console")[1].strip(), tmp_path)
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "exit code 3" in done.stderr


def test_the_test_command_of_the_readme_collects_the_suite():
    command = _script(_blocks("README.md", "console")[2].strip())
    done = _run([*command[:-1], "--collect-only", "-q", "-n0", "tests/workspace/test_namespace.py"])
    assert done.returncode == 0, done.stdout
    assert command[-1] == "tests"


def _demo(command, data_dir: pathlib.Path):
    return _run([*_script(command), "--data-dir", str(data_dir / "demo")], {"HOME": str(data_dir)})


def _run(command, environment=None):
    own = {"PATH": os.environ["PATH"], **(environment or {})}
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
