"""How to measure so that a busy machine is fair to everybody: contestants in turn, and ratios of the same round.

::

    rounds = in_turn({"ours": lambda: process([ours, "-c", OURS]), "peer": lambda: process([peer, "-c", THEIRS])}, 21)
    rounds.ratio("peer", "ours").median  # how many times more seconds the peer takes
    rounds.ratio("peer", "ours", "cpu")  # and how many times more of a core
    rounds.middle("ours")  # seconds of wall clock, the median

A contestant is a function without arguments that returns a `Sample`. `process` starts a fresh process and measures it
from start to end; `reported` starts one that measures a part of itself and says so (see `clients/reporting.py`);
`here` measures a function in this process. Clients run on `CLIENT_CORE` and servers on `SERVER_CORE`; ``core=None`` is
for what works on all cores.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

__all__ = [
    "CLIENT_CORE",
    "SERVER_CORE",
    "Contestant",
    "Measure",
    "Ratio",
    "Rounds",
    "Sample",
    "here",
    "in_turn",
    "process",
    "reported",
]

Measure = Literal["wall", "cpu"]

_CORES = sorted(os.sched_getaffinity(0))
#: The same core where there is no other.
SERVER_CORE, CLIENT_CORE = _CORES[0], _CORES[-1]


class Sample(NamedTuple):
    """What one act took."""

    #: Seconds by the clock.
    wall: float
    #: Seconds of a core, of all threads and, for a process, of the children that it waited for.
    cpu: float
    #: Bytes of memory at most; 0 where it was not measured.
    peak: int = 0
    #: What the process said of itself, if it is a `reported` one.
    said: Mapping[str, Any] = {}


Contestant = Callable[[], Sample]


class Ratio(NamedTuple):
    """How many times more one took than the other: the median of the rounds, and the extremes."""

    median: float
    low: float
    high: float


class Rounds(NamedTuple):
    """The samples of contestants that went in turn; the n-th of each are of one round."""

    samples: Mapping[str, Sequence[Sample]]

    def ratio(self, dividend: str, divisor: str, measure: Measure = "wall") -> Ratio:
        """How many times more `dividend` took than `divisor`, round by round."""
        taken = zip(self.samples[dividend], self.samples[divisor], strict=True)
        ratios = [getattr(one, measure) / getattr(other, measure) for one, other in taken]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))

    def middle(self, name: str, measure: Measure = "wall") -> float:
        """The median of what one contestant took, in seconds."""
        return statistics.median(getattr(sample, measure) for sample in self.samples[name])

    @property
    def count(self) -> int:
        """How many rounds there were."""
        return len(next(iter(self.samples.values())))


def in_turn(contestants: Mapping[str, Contestant], rounds: int, *, warm: int = 1) -> Rounds:
    """Let all contestants act once in each round, in an order that changes; `warm` rounds before that do not count."""
    names = list(contestants)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(-warm, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            sample = contestants[name]()
            if number >= 0:
                samples[name].append(sample)
    return Rounds(samples)


def process(
    command: Sequence[str | Path],
    *,
    core: int | None = CLIENT_CORE,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Sample:
    """A fresh process from its start to its end. Raises CalledProcessError: it failed; its own words are shown."""
    return _ended(command, core, env, cwd)[0]


def reported(
    command: Sequence[str | Path],
    *,
    core: int | None = CLIENT_CORE,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Sample:
    """A part of a fresh process, as that says: its last line is an object with at least ``wall`` and ``cpu``."""
    sample, output = _ended(command, core, env, cwd)
    said = json.loads(output.splitlines()[-1])
    return Sample(said["wall"], said["cpu"], said.get("peak", sample.peak), said)


def here(act: Callable[[], object]) -> Sample:
    """What a function takes in this process, with the children that it waits for."""
    started, used = time.perf_counter(), _used()
    act()
    return Sample(time.perf_counter() - started, _used() - used)


def _ended(
    command: Sequence[str | Path], core: int | None, env: Mapping[str, str] | None, cwd: str | Path | None
) -> tuple[Sample, bytes]:
    pinned = None if core is None else functools.partial(os.sched_setaffinity, 0, {core})
    started = time.perf_counter()
    # wait4 tells what this child used, and no other.
    running = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, cwd=cwd, preexec_fn=pinned)  # noqa: PLW1509
    assert running.stdout is not None
    with running.stdout:
        output = running.stdout.read()
    _, status, usage = os.wait4(running.pid, 0)
    wall = time.perf_counter() - started
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, [str(word) for word in command], output)
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024), output


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
