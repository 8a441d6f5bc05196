"""A workload as the server holds it, and the words of its life."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["HOLDING", "TERMINAL", "Event", "JobClass", "Pool", "Status", "Workload"]


class Status(StrEnum):
    """Where a workload is in its life."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PREEMPTED = "PREEMPTED"
    CANCELLED = "CANCELLED"


#: Statuses in which a workload is over.
TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.PREEMPTED, Status.CANCELLED})

#: Statuses in which a workload holds its GPUs.
HOLDING = frozenset({Status.STARTING, Status.RUNNING})


class JobClass(StrEnum):
    """Whether a workload runs on its team's reservation or on what is idle."""

    RESERVED = "RESERVED"
    ELASTIC = "ELASTIC"
    DISCOVERED = "DISCOVERED"


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """One submitted job and what became of it."""

    id: str
    name: str
    status: Status = Status.PENDING
    initiative_id: str
    gpu_type: str
    requested_gpus: float
    job_class: JobClass = JobClass.RESERVED
    priority: int
    submitted_by: str
    submitted_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure_reason: str | None = None
    exit_code: int | None = None
    external_id: str | None = None
    k8s_manifest: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, str] = {}
    allocation_id: str | None = None
    template_id: str | None = None
    capacity_pool_id: str | None = None
    distribution_mode: str | None = None
    scaling_mode: str | None = None
    gpus_per_pod: int | None = None
    requested_pods: int | None = None
    min_pods: int | None = None
    #: Process group of a running job and the moment its leader was made, which tell a reused pid apart.
    pid: int | None = None
    pid_created: float | None = None

    @property
    def finished(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in TERMINAL

    def seconds(self, now: datetime) -> float | None:
        """How long it has run, in seconds; None when it never started."""
        return ((self.completed_at or now) - self.started_at).total_seconds() if self.started_at else None

    def gpu_hours(self, now: datetime) -> float | None:
        """GPU-hours used so far; None when it never started."""
        seconds = self.seconds(now)
        return None if seconds is None else self.requested_gpus * seconds / 3600


class Event(msgspec.Struct, frozen=True):
    """A change of status."""

    status: Status
    at: datetime
    reason: str | None = None


class Pool(msgspec.Struct, frozen=True):
    """GPUs of one type that workloads are placed on."""

    id: str
    name: str
    gpu_type: str
    total_gpus: int
