"""What is loaded when: a command that does little must start at once."""

import json
import subprocess
import sys

import pytest

HEAVY = [
    "asyncio",
    "aiohttp",
    "msgspec",
    "structlog",
    "pluggy",
    "rich",
    "yaml",
    "filelock",
    "python_on_whales",
    "chamber.run",
]
PROGRAM = f"""
import contextlib, io, json, sys
from chamber.command.program import chamber
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        chamber.main(sys.argv[1:])
    except SystemExit as end:
        assert end.code in (0, 2), end.code
ours = [name for name in sys.modules if name.startswith("chamber.command.commands.")]
print(json.dumps([[name for name in {HEAVY} if name in sys.modules], ours]))
"""


def loaded(*words):
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "line",
    [
        "--help", "--version", "run --help", "workloads --help", "workloads list --help", "whoami --help",
        "config list", "completion bash", "workloads list --no-such-option", "config get api_url",
    ],
)  # fmt: skip
def test_what_asks_nobody_loads_nothing_heavy(line):
    heavy, _ = loaded(*line.split())
    assert heavy == []


@pytest.mark.parametrize(("line", "modules"), [("--help", set()), ("--version", set()), ("config list", {"config"})])
def test_a_command_loads_its_own_module_alone(line, modules):
    _, ours = loaded(*line.split())
    assert {name.removeprefix("chamber.command.commands.") for name in ours} == modules
