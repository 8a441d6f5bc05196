"""The README's program runs."""

import pathlib
import re
import subprocess
import sys

import pytest

from chamber.local import LocalChamber

pytestmark = pytest.mark.once

README = pathlib.Path(__file__).parents[2] / "packages" / "chamber-admin" / "README.md"


def test_the_program_of_the_readme_runs(tmp_path):
    (program,) = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    with LocalChamber(executor="simulated") as chamber:
        environment = {"CHAMBER_TOKEN": chamber.token, "CHAMBER_API_URL": chamber.api_url, "HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[lines.index("Vision") + 1] == "  Labelling"
    assert lines[-2:] == ["res-1 2 ACTIVE", "hello 1 H100"]
