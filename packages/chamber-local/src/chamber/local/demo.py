"""A history to look at: four teams that have worked for 60 days, the same in every new Chamber."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chamber.local.executors.simulation import samples
from chamber.local.storage import nouns, workloads
from chamber.local.storage import samples as measurements
from chamber.local.storage.nouns import Team
from chamber.local.workloads import JobClass, Pool, Status, Workload

__all__ = ["sow_demo"]

_WORKLOADS, _DAYS, _MEASURED = 360, 60, 10
#: Each with the team above it.
_TEAMS = {"research": None, "vision": "research", "speech": "research", "platform": None}
_USERS = ("ada", "grace", "alan", "katherine", "edsger")
_NOUNS = ("llama-7b", "resnet-50", "whisper-small", "segmentation", "ranking", "ocr", "embeddings")
_VERBS = ("train", "finetune", "evaluate", "sweep", "export")
_ENDS = (Status.COMPLETED,) * 8 + (Status.FAILED, Status.FAILED, Status.CANCELLED, Status.PREEMPTED)
_REASONS = {
    Status.FAILED: "the process ended with exit code 1: torch.OutOfMemoryError: CUDA out of memory",
    Status.CANCELLED: "cancelled by ada",
    Status.PREEMPTED: "preempted: team research needed its reserved GPUs",
}


def sow_demo(connection: sqlite3.Connection, pools: Sequence[Pool], at: datetime) -> None:
    """Adds the history up to a moment, where no workload is yet."""
    if not pools or connection.execute("SELECT 1 FROM workloads LIMIT 1").fetchone():
        return
    for name, parent in _TEAMS.items():
        if nouns.find(connection, Team, f"init_{name}") is None:
            above = parent and f"init_{parent}"
            nouns.add(connection, Team(id=f"init_{name}", name=name, parent_id=above, created_at=at))
    for ended in _history(pools, at):
        workloads.record_past(connection, ended)
        if ended.started_at and ended.completed_at and at - ended.completed_at < timedelta(days=_MEASURED):
            step = max(1.0, (ended.completed_at - ended.started_at).total_seconds() / 60)
            for sample in samples(ended, ended.started_at, step, ended.started_at, ended.completed_at):
                measurements.add(connection, sample)


def _history(pools: Sequence[Pool], at: datetime) -> Iterator[Workload]:
    chance = random.Random(11)  # noqa: S311 - nothing secret
    begin = at - timedelta(days=_DAYS)
    for number in range(_WORKLOADS):
        yield _workload(chance, number, begin + timedelta(days=_DAYS - 0.5) * (number / _WORKLOADS), pools)


def _workload(chance: random.Random, number: int, at: datetime, pools: Sequence[Pool]) -> Workload:
    pool, status = chance.choice(pools), chance.choice(_ENDS)
    started = at + timedelta(seconds=chance.uniform(2, 900))
    kind = JobClass.ELASTIC if status is Status.PREEMPTED else chance.choice((JobClass.RESERVED, JobClass.ELASTIC))
    noun = chance.choice(_NOUNS)
    return Workload(
        id=f"wl_{number:024x}",
        name=f"{chance.choice(_VERBS)}-{noun}",
        status=status,
        initiative_id=f"init_{chance.choice(tuple(_TEAMS))}",
        gpu_type=pool.gpu_type,
        requested_gpus=float(chance.choice([size for size in (1, 1, 2, 4, 8) if size <= max(1, pool.total_gpus)])),
        job_class=kind,
        priority=100 if kind is JobClass.RESERVED else 50,
        submitted_by=chance.choice(_USERS),
        submitted_at=at,
        started_at=started,
        completed_at=started + timedelta(seconds=min(40_000.0, chance.expovariate(1 / 7200) + 30)),
        failure_reason=_REASONS.get(status),
        exit_code={Status.COMPLETED: 0, Status.FAILED: 1}.get(status),
        external_id=f"run-{chance.getrandbits(32):08x}",
        tags={"model": noun, "when": chance.choice(("night", "day"))},
        capacity_pool_id=pool.id,
    )
