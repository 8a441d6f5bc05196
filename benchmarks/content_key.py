"""The content key of a project, with nothing known and with an earlier run's cache, beside the vendor's hash.

Each is measured in a fresh process that has imported what it needs, with the files in the page cache. The floor of a
warm key is ``find -size``, which looks at every file of the project, reads none, and leaves out what we leave out. That
of a cold one reads and hashes every file, in Python and one thread, and looks for none. Beside it is ours without the
search for keys in what is read, which the vendor's does not do.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import measuring
import peers
import projects
import results
from measuring import Contestant, Rounds, Sample

VENDOR, FLOOR, READ, UNSEARCHED = "chamber-sdk", "find -size", "read and sha256 alone", "not searched for keys"
CLIENTS = Path(__file__).parent / "clients"
IGNORED = 30_000
ROUNDS = 5
#: Seconds until a file is old enough for a cache to rely on how it looks; see `chamber.run.project.stat_cache`.
SETTLED = 2.5
SMALL, LARGE = projects.SIZES


def main() -> None:
    """Measure each size, and the large one with what is ignored beside it."""
    rows: list[results.Row] = []
    with projects.made(SMALL) as project:
        rows += measured(SMALL, project, cold=1.9, warm=8)
    with projects.made(LARGE) as project:
        rows += measured(LARGE, project, cold=2.6, warm=8)
        projects.ignored(project, IGNORED)
        rows += measured(f"{LARGE}, and {IGNORED:,} files in .venv and .git", project, cold=4.5, warm=12)
    results.record("content_key", rows, versions())


def measured(what: str, project: Path, *, cold: float, warm: float) -> list[results.Row]:
    """Two rows: `cold` and `warm` say how many times less than the vendor's it should take."""
    time.sleep(SETTLED)
    with _folder() as kept:
        _ours(project, kept)
        contestants: dict[str, Contestant] = {
            "cold": functools.partial(_first, project),
            "warm": functools.partial(_ours, project, kept),
            UNSEARCHED: functools.partial(_first, project, "unsearched"),
            READ: functools.partial(_first, project, "read"),
            VENDOR: functools.partial(_key, "vendor", project, None, "key"),
            FLOOR: lambda: measuring.process(_walk(project), core=None),
        }
        rounds = measuring.in_turn(contestants, ROUNDS)
    what = f"content key of {what}"
    return [
        results.row(f"{what}: cold", _of(rounds, "cold", UNSEARCHED, READ), VENDOR, least=cold, note=SEARCH),
        results.row(f"{what}: cold", _of(rounds, "cold", UNSEARCHED, READ), VENDOR, measure="cpu"),
        results.row(f"{what}: warm", _of(rounds, "warm", FLOOR), VENDOR, least=warm, note=WALK),
        results.row(f"{what}: warm", _of(rounds, "warm", FLOOR), VENDOR, measure="cpu"),
    ]


SEARCH = (
    "reading and hashing alone is most of what the vendor's takes, and what is read is searched for keys besides, "
    "which the vendor's is not"
)
WALK = (
    "more than half of it is one look at each file, by Python's os.scandir and stat, which the vendor's takes as well"
)


def _of(rounds: Rounds, state: str, *others: str) -> Rounds:
    """The rounds with one of our states as ours, and those that it is told beside."""
    return Rounds({results.OURS: rounds.samples[state]} | {name: rounds.samples[name] for name in (VENDOR, *others)})


def _first(project: Path, scenario: str = "key") -> Sample:
    with _folder() as home:
        return _ours(project, home, scenario)


def _ours(project: Path, home: Path, scenario: str = "key") -> Sample:
    return _key("ours", project, home, scenario)


def _key(who: str, project: Path, home: Path | None, scenario: str) -> Sample:
    python = peers.peer() if who == "vendor" else peers.ours()
    env = os.environ | ({"CHAMBER_CONFIG_DIR": str(home)} if home else {})
    return measuring.reported([python, CLIENTS / f"key_{who}.py", scenario, project, "1"], core=None, env=env)


def _walk(project: Path) -> list[str | Path]:
    pruned = ["(", "-name", ".venv", "-o", "-name", ".git", ")", "-prune"]
    return ["find", project, *pruned, "-o", "-type", "f", "-size", "+1G"]


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bench-home-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def versions() -> dict[str, str]:
    """Of everybody who takes part."""
    return {**peers.versions(peers.ours(), "chamber-run"), **peers.versions(peers.peer(), "chamber-sdk")}
