"""What the scheduler may decide."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from chamber.local.workloads import Status

__all__ = ["Decision", "Move", "Resize", "Wait"]


class Move(msgspec.Struct, frozen=True):
    """A change of status. `reason` says why it fails, is preempted, or waits; `pods` is how many are started."""

    workload_id: str
    status: Status
    at: datetime
    pool_id: str | None = None
    reason: str | None = None
    pods: int | None = None


class Resize(msgspec.Struct, frozen=True):
    """A running workload is to have another number of pods."""

    workload_id: str
    at: datetime
    pods: int


class Wait(msgspec.Struct, frozen=True):
    """A workload that goes on waiting, for another reason or in another pool (None: the same) than are known."""

    workload_id: str
    reason: str
    pool_id: str | None = None


Decision: TypeAlias = Move | Resize | Wait
