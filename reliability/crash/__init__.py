"""``kill -9`` at named points of a run, of a submission and of a change of the configuration."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

from reliability import figures

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Kill a process at each point, and see that the next one finds everything."""
    from reliability.crash.matrix import kill_everywhere
    from reliability.crash.points import POINTS

    parser = argparse.ArgumentParser(prog="python -m reliability crash", description=main.__doc__)
    parser.add_argument("--repeats", type=int, default=20, help="kills at each point")
    parser.add_argument("--only", default="", help="points whose names hold this")
    parser.add_argument("--no-record", action="store_true", help="do not write the figures down")
    options = parser.parse_args(argv)
    points = [point for point in POINTS if options.only in point.name]
    folder, started = Path(tempfile.mkdtemp(prefix="crash-")), time.monotonic()
    try:
        counted, wrong = kill_everywhere(folder, options.repeats, points)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in wrong:
        print(line)
    found = {"points": len(points), **counted, "cases with something wrong": len(wrong)}
    print(json.dumps({"seconds": round(time.monotonic() - started, 1), **found}, indent=1))
    if not options.no_record:
        figures.record("crash", found, f"hatch run reliability crash --repeats {options.repeats}")
    return int(bool(wrong))
