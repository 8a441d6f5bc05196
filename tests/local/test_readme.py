"""What the README shows is run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

README = Path(__file__).parents[2] / "packages" / "chamber-local" / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS)
def test_python_in_the_readme_runs(code, tmp_path):
    (tmp_path / "my-project").mkdir()
    (tmp_path / "my-project" / "train.py").write_text("print('trained')\n")

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "run(" not in code or done.stdout == "COMPLETED trained\n\n"
