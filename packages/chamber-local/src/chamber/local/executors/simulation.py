"""What a simulated workload says of itself, and what would be measured of it."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chamber.local.executors.contract import Outcome, Sample
from chamber.local.executors.documents import annotations
from chamber.local.executors.refusal import Refused
from chamber.local.workloads import Status, Workload

__all__ = ["Simulation", "samples", "simulation_of"]

_SAMPLES = 120
#: What annotations may say, and how their names begin.
_NAMES, _PREFIX = ("simulated-seconds", "simulated-outcome"), "chamber.io/"


class Simulation(msgspec.Struct, frozen=True):
    """How long a workload lasts, in seconds, and how it ends."""

    seconds: float
    outcome: Outcome

    @property
    def step(self) -> float:
        """The seconds between two samples: a second, or what makes some hundred of them."""
        return max(1.0, self.seconds / _SAMPLES)


def simulation_of(workload: Workload) -> Simulation:
    """What metadata, else tags, say under ``simulated_seconds`` (0) and ``simulated_outcome`` (COMPLETED).

    Else the manifest's annotations do, under ``chamber.io/simulated-seconds`` and ``chamber.io/simulated-outcome``.
    Raises Refused: they say something else.
    """
    annotated = annotations(workload.k8s_manifest)
    said = {name: annotated[f"{_PREFIX}{name}"] for name in _NAMES if f"{_PREFIX}{name}" in annotated}
    said = {name.replace("-", "_"): value for name, value in said.items()} | workload.tags | workload.metadata
    return Simulation(_seconds(said.get("simulated_seconds", 0)), _outcome(said.get("simulated_outcome", "COMPLETED")))


def samples(workload: Workload, started: datetime, step: float, after: datetime, until: datetime) -> Iterator[Sample]:
    """What would have been measured between two moments: the same for workloads of one name."""
    first = int((after - started).total_seconds() / step + 1e-6) + 1
    last = int((until - started).total_seconds() / step + 1e-6)
    base = random.Random(workload.name)  # noqa: S311 - nothing secret
    busy, memory = base.uniform(70, 95), base.uniform(40, 85)
    for number in range(first, last + 1):
        noise = random.Random(f"{workload.name} {number}")  # noqa: S311
        use = min(100.0, busy * min(1.0, number / 3) + noise.uniform(-4, 4))
        yield _sample(workload, started + timedelta(seconds=number * step), use, memory)


def _sample(workload: Workload, at: datetime, use: float, memory: float) -> Sample:
    return Sample(
        workload_id=workload.id,
        at=at,
        source="simulated",
        cpu_utilization=use,
        memory_bytes=memory / 100 * (64 << 30),
        gpu_utilization=use,
        memory_utilization=memory,
        temperature=35 + use * 0.4,
        power_usage=workload.held_gpus * (90 + use * 6),
        gpu_usage=workload.held_gpus * use / 100,
    )


def _seconds(said: Any) -> float:
    try:
        seconds = float(said) if not isinstance(said, bool | list | dict) else -1.0
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise Refused(f"simulated_seconds is {said!r}, not a number of seconds from 0")
    return seconds


def _outcome(said: Any) -> Outcome:
    if str(said).upper() == "COMPLETED":
        return Outcome(Status.COMPLETED, exit_code=0)
    if str(said).upper() == "FAILED":
        return Outcome(Status.FAILED, "simulated_outcome is FAILED", 1)
    raise Refused(f"simulated_outcome is {said!r}, neither COMPLETED nor FAILED")
