"""What it costs to start the ``chamber`` command; whole processes."""

import functools

import measuring
import peers
import results
from measuring import Contestant

ROUNDS = 15
EMPTY, CLICK = "python -c pass", "import click"
NOTE = "the floor is the import of click, in which every command line of its kind begins"
#: What is typed -> how the row calls it.
LINES = {
    "--version": "chamber --version",
    "--help": "chamber --help",
    "workloads list --help": "chamber workloads list --help",
    "config list": "chamber config list",
}


def main() -> None:
    """Measure lines that ask nobody, beside a process that does nothing and one that imports click."""
    python = peers.ours("chamber-core", "chamber-command")
    versions = peers.versions(python, "chamber-command", "click")
    rows = []
    for line, what in LINES.items():
        rounds = measuring.in_turn(
            {
                results.OURS: running(python, "-m", "chamber.command", *line.split()),
                EMPTY: running(python, "-c", "pass"),
                CLICK: running(python, "-c", "import click"),
            },
            ROUNDS,
        )
        rows += [
            results.row(f"a whole process: {what}", rounds, CLICK, note=NOTE),
            results.row(f"a whole process: {what}", rounds, CLICK, measure="cpu"),
        ]
    results.record("command_line", rows, versions)


def running(python: object, *words: str) -> Contestant:
    """A fresh process."""
    return functools.partial(measuring.process, [str(python), *words])
