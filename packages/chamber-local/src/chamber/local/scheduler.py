"""Who runs next: a pure function of the workloads, the pools and the clock.

Each call takes every workload as far as it can go by deciding alone: PENDING to QUEUED when a pool is chosen,
QUEUED to STARTING when its GPUs are free, and straight to FAILED when it can never fit. What happens after
STARTING is for the executor to report.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from chamber.local.workloads import HOLDING, Pool, Status, Workload

__all__ = ["Decision", "decide", "used_gpus"]


class Decision(msgspec.Struct, frozen=True):
    """A change of status that is to be made."""

    workload_id: str
    status: Status
    at: datetime
    pool_id: str | None = None
    reason: str | None = None


def decide(workloads: Sequence[Workload], pools: Sequence[Pool], now: datetime) -> tuple[Decision, ...]:
    """What is to change, in the order in which it is to be applied.

    First come, first served within a pool: a workload that does not fit yet holds up those behind it, so none
    is overtaken for ever. `workloads` are the unfinished ones in the order of their submission.
    """
    placed = [_place(w, pools, now) for w in workloads if w.status is Status.PENDING]
    chosen = {d.workload_id: d.pool_id for d in placed if d.status is Status.QUEUED}
    starts = (start for pool in pools for start in _starts(pool, workloads, chosen, now))
    return (*placed, *starts)


def used_gpus(pool: Pool, workloads: Iterable[Workload]) -> float:
    """The GPUs of a pool that are held."""
    return sum(w.requested_gpus for w in workloads if w.status in HOLDING and w.capacity_pool_id == pool.id)


def _place(workload: Workload, pools: Sequence[Pool], now: datetime) -> Decision:
    pool = next((p for p in pools if p.gpu_type.casefold() == workload.gpu_type.casefold()), None)
    if pool is None or workload.requested_gpus > pool.total_gpus:
        return Decision(workload.id, Status.FAILED, now, reason=_never(workload, pools))
    return Decision(workload.id, Status.QUEUED, now, pool_id=pool.id)


def _never(workload: Workload, pools: Sequence[Pool]) -> str:
    there_is = ", ".join(f"{p.gpu_type} x {p.total_gpus}" for p in pools) or "no GPUs"
    wanted = f"{workload.requested_gpus:g} {workload.gpu_type}"
    return f"can never be scheduled: it asks for {wanted}, and this Chamber has {there_is}"


def _starts(
    pool: Pool, workloads: Sequence[Workload], chosen: dict[str, str | None], now: datetime
) -> Iterable[Decision]:
    free = pool.total_gpus - used_gpus(pool, workloads)
    for workload in workloads:
        if not _waits_for(pool, workload, chosen):
            continue
        if workload.requested_gpus > free:
            return
        free -= workload.requested_gpus
        yield Decision(workload.id, Status.STARTING, now, pool_id=pool.id)


def _waits_for(pool: Pool, workload: Workload, chosen: dict[str, str | None]) -> bool:
    if workload.status is Status.QUEUED:
        return workload.capacity_pool_id == pool.id
    return chosen.get(workload.id) == pool.id
