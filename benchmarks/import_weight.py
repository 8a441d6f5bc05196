"""How long a whole process takes that imports the client and ends, ours beside the vendor's package.

The two are run in turn, so that a machine whose speed drifts is fair to both; the ratio is taken pair by pair.
"""

import statistics
import subprocess
import time
from pathlib import Path

import peers

PAIRS = 21
OURS = "from chamber.core import ChamberClient"
THEIRS = "from chamber_sdk import ChamberClient"


def main() -> None:
    """Print both times and their ratio."""
    ours, theirs = peers.ours("chamber-core"), peers.peer()
    seconds(ours, OURS), seconds(theirs, THEIRS)
    pairs = [(seconds(ours, OURS), seconds(theirs, THEIRS)) for _ in range(PAIRS)]
    ratios = sorted(their / our for our, their in pairs)
    print("import: a whole process, from start to end")
    print(f"  ours    median {1000 * statistics.median(our for our, _ in pairs):6.1f} ms")
    print(f"  vendor  median {1000 * statistics.median(their for _, their in pairs):6.1f} ms")
    print(
        f"  ours is {statistics.median(ratios):.1f} times quicker ({ratios[0]:.1f} to {ratios[-1]:.1f}, {PAIRS} pairs)"
    )


def seconds(python: Path, statement: str) -> float:
    """Seconds that a process takes to run one statement."""
    started = time.perf_counter()
    subprocess.run([python, "-c", statement], check=True)
    return time.perf_counter() - started
