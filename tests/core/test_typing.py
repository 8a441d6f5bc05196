"""What both checkers tell of each mistake in tests/typing, and of nothing else, whichever packages are installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

HERE = Path(__file__).parents[1] / "typing"
PLUGINS = ("admin", "metrics", "run")
INSTALLED = [chosen for count in range(len(PLUGINS) + 1) for chosen in combinations(PLUGINS, count)]
UNKNOWN = "unknown to a client"
WARNED = {"reportUnusedCoroutine"}

#: Mark → what mypy says of it, and what pyright says.
MESSAGES = {
    "missing argument": ("Missing positional argument", "Argument missing for parameter"),
    "missing argument of an overload": ("overload variant", "No overloads"),
    "wrong type": ("ncompatible type|Unsupported operand", "assign|Operator"),
    "wrong type for an overload": ("overload variant", "cannot be assigned to parameter"),
    "other type": ("Incompatible types in assignment", "is not assignable to declared type"),
    "wrong name": ("Unexpected keyword argument", "No parameter named"),
    "wrong name for an overload": ("overload variant", "No overloads"),
    "wrong word": ('incompatible type "Literal\\[.*expected "Literal', "cannot be assigned to parameter"),
    "one too many": ("Too many arguments", "Expected 1 positional argument"),
    "only by name": ("Too many positional arguments", "Expected 7 positional arguments"),
    "unknown to a client": ("has no attribute", "Attribute .* is unknown"),
    "unknown to a client, of the other face": ("has no attribute", "Attribute .* is unknown"),
    "unknown method": ("has no attribute", "Attribute .* is unknown"),
    "unknown field": ("has no attribute", "Attribute .* is unknown"),
    "frozen": ("is read-only", "is read-only"),
    "forgotten await": ("await|must be used", "await|Coroutine"),
    "not a plain iterator": ("not iterable", "is not iterable"),
    "not a coroutine": ('Incompatible types in "await"', "is not awaitable"),
    "no coroutine function": ("expected .*Coroutine", 'incompatible with type "Coroutine'),
}


@dataclass(frozen=True)
class Told:
    """What a checker told of a line."""

    file: str
    line: int
    message: str


def sources(chosen):
    """The files that can be checked where these plugin packages are installed."""
    needed = [HERE / "core.py", HERE / "rejected.py"]
    return [*needed, *(file for name in chosen for file in HERE.glob(f"*{name}.py"))]


def copied(files, folder):
    """Out of reach of the project's configuration, which leaves the mistakes out."""
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder)
    return folder


def marks(files):
    """(File, line) → mark."""
    return {
        (file.name, number): line.partition("# E: ")[2]
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if "# E: " in line
    }


def run(folder, *command):
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=folder, check=False
    ).stdout


def mypy(folder, python):
    options = ("--strict", "--no-error-summary", "--no-pretty", "--cache-dir", "cache")
    out = run(folder, "mypy", *options, "--python-executable", str(python), ".")
    return [
        Told(file, int(line), text)
        for file, line, text in re.findall(r"^(\S+?):(\d+): (?:error|note): (.*)", out, re.MULTILINE)
    ]


def pyright(folder, python):
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "standard"}))
    found = json.loads(run(folder, "pyright", "--outputjson", "--pythonpath", str(python), "-p", "."))
    return [
        Told(Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"])
        for each in found["generalDiagnostics"]
        if each["severity"] == "error" or each.get("rule") in WARNED
    ]


def by_place(told, files):
    """(File, line) → everything told there; what is told at a decorator belongs to the function below."""
    lines = {file.name: ["", *file.read_text("utf-8").splitlines()] for file in files}
    found = {}
    for each in told:
        place = (each.file, each.line + lines[each.file][each.line].strip().startswith("@"))
        found[place] = f"{found.get(place, '')}{each.message}\n"
    return found


@pytest.mark.parametrize("chosen", INSTALLED, ids=lambda chosen: "+".join(("core", *chosen)))
def test_each_mistake_is_told_for_what_it_is_and_nothing_else(chosen, installed, tmp_path):
    """In an environment of its own; where every package is installed, in ours."""
    everything = chosen == PLUGINS
    python = sys.executable if everything else installed(*(f"chamber-{name}" for name in ("core", *chosen)))
    files = sources(chosen)
    folder = copied(files, tmp_path / "checked")
    expected = {place: mark for place, mark in marks(files).items() if everything or not mark.startswith(UNKNOWN)}
    for which, checker in enumerate((mypy, pyright)):
        told = by_place(checker(folder, python), files)
        assert told.keys() == expected.keys(), checker
        misnamed = {place for place, mark in expected.items() if not re.search(MESSAGES[mark][which], told[place])}
        assert misnamed == set(), checker
