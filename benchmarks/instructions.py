"""Instructions of the hot paths, counted by valgrind: what regresses by more than its tolerance fails ``--check``.

Seconds depend on the machine and on who else uses it; instructions hardly do. ``hatch run bench instructions`` counts
and keeps the counts in `instructions.json`; ``hatch run bench --check`` counts, and compares. They hold for one
version of Python and of the libraries: whoever changes either, or makes a path slower on purpose, keeps new ones.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import hot_paths
import measuring
import serving
from hot_paths import SERVER

__all__ = ["Kept", "check", "count", "main", "read", "regressions"]

_KEPT = Path(__file__).parent / "instructions.json"
_PROGRAM = Path(__file__).parent / "hot_paths.py"
#: Of what is counted, unless `instructions.json` says otherwise.
_TOLERANCE = 0.10
#: A function of libc that nothing else calls; see `hot_paths`.
_MARK = "getpgrp"
_CLIENT = "import_client"


class Kept(NamedTuple):
    """Instructions that something took, and by which fraction more is let pass."""

    instructions: int
    tolerance: float = _TOLERANCE


def main() -> None:
    """Count, and keep the counts."""
    tolerances = {name: kept.tolerance for name, kept in read().items()} if _KEPT.exists() else {}
    counted = {name: Kept(number, tolerances.get(name, _TOLERANCE)) for name, number in count().items()}
    content = {"made_with": _made_with(), "kept": {name: kept._asdict() for name, kept in counted.items()}}
    _KEPT.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    for name, kept in counted.items():
        print(f"  {kept.instructions / 1e6:10.1f} million  {name}")


def check() -> int:
    """Count, and compare: 1 where something regressed, or cannot be compared."""
    told = json.loads(_KEPT.read_text("utf-8"))["made_with"]
    if told != _made_with():
        print(f"the counts were made with {told}, not with {_made_with()}: use that, or keep new ones", file=sys.stderr)
        return 1
    kept, counted = read(), count()
    for name, number in counted.items():
        before = kept[name].instructions if name in kept else number
        print(f"  {number / 1e6:10.1f} million  {number / before - 1:+7.1%}  {name}")
    worse = regressions(kept, counted)
    for line in worse:
        print(line, file=sys.stderr)
    return 1 if worse else 0


def regressions(kept: Mapping[str, Kept], counted: Mapping[str, int]) -> list[str]:
    """What took too many instructions more, or is not in both, in sentences."""
    told = [f"{name} is kept in {_KEPT.name} and was not counted" for name in kept.keys() - counted.keys()]
    for name, number in counted.items():
        if name not in kept:
            told.append(f"{name} is not in {_KEPT.name}: `hatch run bench instructions` keeps it")
            continue
        before, tolerance = kept[name]
        if number > before * (1 + tolerance):
            told.append(
                f"{name} takes {number:,} instructions, {number / before - 1:.1%} more than {before:,}; "
                f"{tolerance:.0%} are let pass. If it has to: `hatch run bench instructions`, and say why"
            )
    return told


def count() -> dict[str, int]:
    """Instructions of the import of the client, as a whole process, and of each act of `hot_paths`."""
    program = [sys.executable, str(_PROGRAM)]
    with tempfile.TemporaryDirectory() as compiled, serving.served(measuring.SERVER_CORE) as server:
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": compiled, SERVER: server.url(1)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run(program, check=True, env=environment)  # or the counts would be of compiling, too
        client = _totals([sys.executable, "-c", "from chamber.core import ChamberClient"], environment)
        between = _totals(program, environment)
    # Before the first mark is what was made ready; then acts and what is made ready for the next take turns.
    return {_CLIENT: client[-1], **dict(zip(hot_paths.ACTS, between[1::2], strict=True))}


def read() -> dict[str, Kept]:
    """What was kept."""
    kept = json.loads(_KEPT.read_text("utf-8"))["kept"]
    return {name: Kept(**values) for name, values in kept.items()}


def _totals(command: list[str], environment: Mapping[str, str]) -> list[int]:
    """Instructions until each mark, from the one before or the start, and last those until the end."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", f"--dump-before={_MARK}", f"--callgrind-out-file={out}"]
        subprocess.run([*valgrind, *command], check=True, env=environment)
        parts = sorted(out.parent.glob("out.*"), key=lambda file: int(file.suffix[1:]))
        return [_total(part) for part in [*parts, out]]


def _total(dump: Path) -> int:
    with dump.open("r", encoding="utf-8", errors="replace") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("summary:"))


def _made_with() -> str:
    version = platform.python_version_tuple()
    return f"Python {version[0]}.{version[1]} on {platform.machine()}"
