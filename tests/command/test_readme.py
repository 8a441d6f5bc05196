"""The README's commands work, as they stand there."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from chamber.command.tree import COMMANDS

pytestmark = pytest.mark.once

README = (pathlib.Path(__file__).parents[2] / "packages" / "chamber-command" / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if not line.startswith("pip ")]


@pytest.fixture
def shell(live, tmp_path, project):
    """Runs a line as a user's shell does, with `chamber` on the path."""
    folder = project("print('trained', flush=True)", "my-project")
    (tmp_path / "chamber").write_text(
        f"#!{sys.executable}\nfrom chamber.command.program import main\nmain()\n", encoding="utf-8"
    )
    (tmp_path / "chamber").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "CHAMBER_CONFIG_DIR": os.environ["CHAMBER_CONFIG_DIR"],
        "CHAMBER_API_URL": live.api_url,
    }
    (tmp_path / ".local/share/bash-completion/completions").mkdir(parents=True)

    def shell(line, given=None):
        for word, meaning in (
            ("--team ml", f"--team {live.team}"),
            ("--wait", "--wait --poll-interval 0.05"),
            ("ghcr.io", live.registry),
        ):
            line = line.replace(word, meaning)
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=folder.parent, env=environment, input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return shell


def test_every_line_of_the_readme_works(shell, live):
    assert shutil.which("bash")
    assert [line.split()[1] for line in LINES[:3]] == ["login", "registries", "run"]
    for line in LINES:
        with live.client() as client:
            known = [job.id for job in client.iter_workloads()]
        words = line.replace("wl_1a2b", known[0]) if known else line
        done = shell(words, live.token + "\n" if "login" in words else None)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (line, done.stderr)
        if line == LINES[2]:
            assert "trained" in done.stdout


def test_the_table_has_every_command():
    rows = "\n".join(re.findall(r"^\| (`.*?`) \|", README, re.MULTILINE))
    told = set(re.findall(r"`([a-z]+)", rows)) | {
        word for part in re.findall(r"`([^`]+)`", rows) for word in shlex.split(part)
    }
    assert {name for leaves in COMMANDS.values() for name in leaves} <= told
