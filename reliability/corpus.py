"""The corpus of odd inputs in ``tests/reliability/corpus``: run as its tests do, and counted."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from reliability import figures

__all__ = ["counted", "main"]

_COMMAND = "hatch run reliability corpus"
_FOLDER = Path(__file__).resolve().parents[1] / "tests" / "reliability" / "corpus"


def counted() -> dict[str, int]:
    """Kind of input → cases, a line each."""
    return {file.stem: _cases(file) for file in sorted(_FOLDER.glob("*.txt"))}


def main(argv: list[str]) -> int:
    """Read every case, in CI as before a release; 0 when each is a result or our error within a second of CPU."""
    argparse.ArgumentParser(prog="python -m reliability corpus", description=main.__doc__).parse_args(argv)
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", str(_FOLDER)], check=False).returncode
    figures.record("corpus", {**counted(), "read otherwise than expected": "0" if code == 0 else "some"}, _COMMAND)
    return code


def _cases(file: Path) -> int:
    lines = file.read_text("utf-8").split("\n")
    return sum(bool(line.strip()) and not line.startswith("#") for line in lines)
