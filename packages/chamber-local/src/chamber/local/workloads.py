"""A workload as the server holds it, and the words of its life."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

__all__ = [
    "HOLDING",
    "TERMINAL",
    "UNFINISHED",
    "WAITING",
    "Claim",
    "Event",
    "JobClass",
    "Pool",
    "Reservation",
    "Status",
    "Workload",
]


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

#: Statuses in which a workload waits for GPUs.
WAITING = frozenset({Status.PENDING, Status.QUEUED})

#: Statuses in which a workload is not over.
UNFINISHED = WAITING | HOLDING


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
    #: How many of its pods were placed; None before that.
    running_pods: int | None = None
    #: GPU-seconds of the time before its number of pods last changed, and when that was.
    banked_gpu_seconds: float = 0.0
    resized_at: datetime | None = None
    #: Why it is not started yet.
    waiting_reason: str | None = None

    @property
    def finished(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in TERMINAL

    def seconds(self, now: datetime) -> float | None:
        """How long it has run, in seconds; None when it never started."""
        return ((self.completed_at or now) - self.started_at).total_seconds() if self.started_at else None

    def gpu_hours(self, now: datetime) -> float | None:
        """GPU-hours used so far; None when it never started."""
        since = self.resized_at or self.started_at
        if since is None:
            return None
        seconds = ((self.completed_at or now) - since).total_seconds()
        return (self.banked_gpu_seconds + self.held_gpus * seconds) / 3600

    def gpu_hours_since(self, begin: datetime, now: datetime) -> float:
        """GPU-hours used since a moment. What began before counts with a part, as if it had used GPUs evenly."""
        hours, seconds = self.gpu_hours(now), self.seconds(now)
        if not hours or not seconds:
            return 0.0
        return hours * min(1.0, max(0.0, ((self.completed_at or now) - begin).total_seconds() / seconds))

    @property
    def held_gpus(self) -> float:
        """The GPUs of the pods that were placed, or of all that are asked for."""
        pods = self.requested_pods or 1
        return self.requested_gpus * (self.running_pods or pods) / pods


class Event(msgspec.Struct, frozen=True):
    """A change of status."""

    status: Status
    at: datetime
    reason: str | None = None


class Claim(msgspec.Struct, frozen=True):
    """What scheduling knows of an unfinished workload. `order` is that of submission."""

    id: str
    order: int
    status: Status
    team_id: str
    gpu_type: str
    requested_gpus: float
    job_class: JobClass
    priority: int
    pool_id: str | None = None
    allocation_id: str | None = None
    scaling_mode: str | None = None
    requested_pods: int | None = None
    min_pods: int | None = None
    running_pods: int | None = None
    started_at: str | None = None
    waiting_reason: str | None = None

    @property
    def holds(self) -> bool:
        """True when it has its GPUs."""
        return self.status in HOLDING

    @property
    def running(self) -> bool:
        """True when it runs."""
        return self.status is Status.RUNNING

    @property
    def pods(self) -> int:
        """How many pods it asks for."""
        return self.requested_pods or 1

    @property
    def least_pods(self) -> int:
        """How many pods it can do with: all, unless it scales."""
        return min(self.min_pods or 1, self.pods) if self.scaling_mode == "ELASTIC" else self.pods

    @property
    def pod_gpus(self) -> float:
        """The GPUs of one pod."""
        return self.requested_gpus / self.pods

    @property
    def least_gpus(self) -> float:
        """The GPUs that it can do with."""
        return self.least_pods * self.pod_gpus

    @property
    def held_pods(self) -> int:
        """How many pods were placed."""
        return self.running_pods or self.pods

    @property
    def held_gpus(self) -> float:
        """The GPUs of the pods that were placed."""
        return self.held_pods * self.pod_gpus


class Reservation(msgspec.Struct, frozen=True):
    """GPUs of a pool that are kept for a team and the teams below it; without a team, for all."""

    id: str
    pool_id: str
    gpus: int
    team_id: str | None = None


class Pool(msgspec.Struct, frozen=True):
    """GPUs of one type that workloads are placed on."""

    id: str
    name: str
    gpu_type: str
    total_gpus: int
    #: Whose it is; None: every organization's.
    organization_id: str | None = None
