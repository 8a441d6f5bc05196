"""``python -m reliability chaos``: lets storms blow, prints what they left, and records the figures."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from reliability import figures
from reliability.chaos import regressions
from reliability.chaos.outcome import INVARIANTS, Outcome, total
from reliability.chaos.storm import Storm, blow

__all__ = ["main", "played"]

#: Requests that submit, for each submission, of all storms together: of fifty, chance alone makes more.
MOST_AMPLIFIED = 1.2


def main(argv: list[str]) -> int:
    """200 storms of 50 submissions each, as in CI; ``--seeds 2000`` before a release."""
    options = _options(argv)
    if options.peer:
        from reliability.chaos import peer

        return peer.compare(options.seeds or 10, options.submissions, options.rate)
    options.seeds = options.seeds or 200
    began, busy = time.monotonic(), time.process_time()
    outcomes, broken = [], 0
    for storm, outcome in _all(_storms(options), options.jobs):
        outcomes.append(outcome)
        broken += not well(storm, outcome)
    sums = {**total(outcomes), "seeds": len(outcomes), "seconds": round(time.monotonic() - began, 1)}
    sums["seconds of a core"] = round(time.process_time() - busy, 1) if options.jobs == 1 else 0
    amplification = sums["posts"] / max(1, sums["submissions"])
    told = _told(sums, amplification)
    for name, counted in told.items():
        print(f"{name:45} {counted}")
    if options.seed is None:
        figures.record("chaos", told, _command(options), seed=options.first)
    return 1 if broken or amplification > MOST_AMPLIFIED else 0


def played(storms: Iterable[Storm], folder: Path = regressions.FOLDER) -> list[Outcome]:
    """The outcomes of storms, those that once broke a promise first. Raises AssertionError: one does, and is kept."""
    outcomes = []
    for storm in (*regressions.kept(folder), *storms):
        outcome = blow(storm)
        assert well(storm, outcome, folder), f"{storm.replay}\n{outcome.violations()}"
        outcomes.append(outcome)
    return outcomes


def well(storm: Storm, outcome: Outcome, folder: Path = regressions.FOLDER) -> bool:
    """Whether a storm broke nothing; what it broke is printed, with the line that repeats it, and kept."""
    violations = outcome.violations()
    if not violations:
        return True
    regressions.keep(storm, violations, folder)
    print(f"FAILED: {storm.replay}")
    for invariant, of in violations.items():
        print(f"  {invariant}: {len(of)}: {', '.join(of[:5])}")
    return False


def _all(storms: Sequence[Storm], jobs: int) -> Iterator[tuple[Storm, Outcome]]:
    if jobs == 1:
        yield from ((storm, blow(storm)) for storm in storms)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as processes:
        yield from zip(storms, processes.map(blow, storms), strict=True)


def _storms(options: argparse.Namespace) -> list[Storm]:
    """One storm; or those that once failed, and then as many as are asked for."""
    if options.seed is not None:
        return [Storm(options.seed, options.submissions, options.rate)]
    seeds = range(options.first, options.first + options.seeds)
    return [*regressions.kept(), *(Storm(seed, options.submissions, options.rate) for seed in seeds)]


def _told(sums: dict[str, float], amplification: float) -> dict[str, object]:
    counts = ("seeds", "submissions", "requests", "acknowledged", "reported unknown", "refused")
    return {
        **{name: sums[name] for name in counts},
        "share of answers that were faulty": round(sums["faults"] / max(1, sums["requests"]), 3),
        **{name: sums[name] for name in INVARIANTS},
        "amplification": round(amplification, 3),
        "seconds": sums["seconds"],
        "seconds of a core": sums["seconds of a core"] or "not counted",
    }


def _command(options: argparse.Namespace) -> str:
    return f"hatch run chaos --seeds {options.seeds}" + (f" --jobs {options.jobs}" if options.jobs > 1 else "")


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m reliability chaos", description=main.__doc__)
    parser.add_argument("--seeds", type=int, help="how many storms: 200; with --peer, in real time, 10")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this storm alone")
    parser.add_argument("--submissions", type=int, default=50, help="of each storm")
    parser.add_argument("--rate", type=float, default=Storm(0).rate, help="the share of answers to draw faults for")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--peer", action="store_true", help="beside the published chamber-sdk, in the same storms")
    return parser.parse_args(argv)
