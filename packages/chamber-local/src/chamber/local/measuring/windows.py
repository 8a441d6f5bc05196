"""CPU use over windows that are long enough to be measured in."""

from collections.abc import Sequence

from chamber.local.measuring.processes import Reading

__all__ = ["WINDOW", "baseline", "cpu_percent"]

#: The least seconds between two readings that are compared. The kernel tells the CPU time of a running process in
#: hundredths of a second, so over a shorter time one core can seem to be two.
WINDOW = 0.5


def cpu_percent(earlier: Sequence[Reading], latest: Reading) -> float:
    """Percent of one core used since the `baseline` of the earlier readings, which are in order of time."""
    since = earlier[baseline(earlier, latest.at)]
    passed = latest.at - since.at
    return max(0.0, 100 * (latest.cpu_seconds - since.cpu_seconds) / passed) if passed > 0 else 0.0


def baseline(earlier: Sequence[Reading], at: float) -> int:
    """Which reading to compare one at that moment with: the last that is a window older, else the first of all."""
    old_enough = (index for index in reversed(range(len(earlier))) if at - earlier[index].at >= WINDOW)
    return next(old_enough, 0)
