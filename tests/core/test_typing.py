"""Both checkers report each mistake of rejected.py on its line, and nothing else; and accept all of core.py."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "typing"
REJECTED, ACCEPTED = HERE / "rejected.py", HERE / "core.py"


def marked() -> set[int]:
    """The lines with a mark; an error at a decorated function may be told at either line."""
    return {number for number, line in enumerate(REJECTED.read_text("utf-8").splitlines(), 1) if "# E:" in line}


def decorated() -> dict[int, int]:
    """Line of a decorator → line of the function below."""
    lines = REJECTED.read_text("utf-8").splitlines()
    return {number: number + 1 for number, line in enumerate(lines, 1) if line.strip().startswith("@")}


def run(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout


def mypy(_folder: Path) -> set[tuple[str, int]]:
    out = run("mypy", "--strict", "--no-error-summary", "--no-pretty", str(ACCEPTED), str(REJECTED))
    found = re.findall(r"^(?P<file>.+?):(?P<line>\d+): error:", out, re.MULTILINE)
    return {(Path(file).name, int(line)) for file, line in found}


def pyright(folder: Path) -> set[tuple[str, int]]:
    """Under a configuration of its own: the one of the project leaves the mistakes out."""
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "standard"}))
    for file in (ACCEPTED, REJECTED):
        shutil.copy(file, folder)
    out = run("pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder))
    told = json.loads(out)["generalDiagnostics"]
    serious = [each for each in told if each["severity"] == "error" or each.get("rule") in WARNED]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in serious}


WARNED = {"reportUnusedCoroutine"}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_each_checker_reports_every_mistake_and_nothing_else(checker, tmp_path):
    below = decorated()
    reported = {(file, below.get(line, line) if file == REJECTED.name else line) for file, line in checker(tmp_path)}
    assert reported == {(REJECTED.name, line) for line in marked()}
